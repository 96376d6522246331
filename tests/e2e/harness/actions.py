"""What a forked worker can be asked to do. Jobs run through queue_job's own code."""

import logging
import resource
import signal
from contextlib import closing, contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import psycopg2
from odoo import SUPERUSER_ID, api, sql_db
from odoo.addons.mailbox_sync.engine import notice
from odoo.addons.queue_job.controllers.main import RunJobController
from odoo.addons.queue_job.jobrunner.runner import Database
from odoo.modules.neutralize import neutralize_database
from odoo.modules.registry import Registry

from mailbox_core.types import Credentials, Hint

_logger = logging.getLogger(__name__)

#: The runner takes jobs by priority, then age. It is one process; skipping locked rows stands in
#: for that when a test lets several workers draw jobs at the same time.
_NEXT = """UPDATE queue_job SET state = 'enqueued',
        date_enqueued = date_trunc('seconds', now() AT TIME ZONE 'utc')
    WHERE id = (SELECT id FROM queue_job
        WHERE state = 'pending' AND channel LIKE 'root.mailbox%%'
          AND (eta IS NULL OR eta <= now() AT TIME ZONE 'utc' + make_interval(secs => %s))
        ORDER BY priority, date_created, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING uuid"""


@contextmanager
def environment(database, user=SUPERUSER_ID):
    """An environment on a cursor of its own, committed when the block ends."""
    with Registry(database).cursor() as cr:
        yield api.Environment(cr, user, {})


def drain(database, horizon=0.0, limit=2000):
    """Run due jobs of the mailbox channels in the runner's order until none is left.

    ``horizon`` seconds of waiting are skipped. Returns how many ran and what failed.
    """
    done, failed = 0, []
    with closing(_autocommit(database)) as connection:
        while done < limit:
            uuid = _next_job(connection, horizon)
            if uuid is None:
                break
            done += 1
            try:
                run_job(database, uuid)
            except Exception as error:  # the controller has noted it on the job, as for any request
                failed.append(f"{type(error).__name__}: {error}")
    return {"done": done, "failed": failed}


def run_job(database, uuid):
    """What queue_job's route does with the runner's request."""
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        job = RunJobController._acquire_job(env, uuid)
        if job:
            RunJobController._runjob(env, job)


def rescue(database):
    """Requeue the jobs of dead workers by the runner's own statement; returns how many still hang.

    The runner spares jobs enqueued in the last ten seconds; a test has no time for that, so they
    are made older first.
    """
    with closing(_autocommit(database)) as connection, connection.cursor() as cr:
        cr.execute(
            """UPDATE queue_job SET date_enqueued = date_enqueued - interval '11 sec'
               WHERE state IN ('enqueued', 'started')"""
        )
        runner = Database(database)
        try:
            runner.requeue_dead_jobs()
        finally:
            runner.close()
        cr.execute("SELECT count(*) FROM queue_job WHERE state IN ('enqueued', 'started')")
        return cr.fetchone()[0]


def call(database, model, method, domain=None, arguments=(), keywords=None, user=SUPERUSER_ID):
    """Call a method on the records of a domain (None: on the empty set) and commit."""
    with environment(database, user) as env:
        records = env[model] if domain is None else env[model].search(domain)
        return _plain(getattr(records, method)(*arguments, **(keywords or {})))


def connect(database, address, grant, values):
    """Make a mailbox and finish its sign-in with tokens that the provider has issued."""
    with environment(database) as env:
        mailbox = env["mailbox"].create({"name": address, "address": address, **values})
        env.flush_all()
        mailbox._finish_signin(credentials(address, grant), mailbox.scope_profile, True)
        return mailbox.id


def announce(database, provider, address, count):
    """Take so many notifications for one mailbox, as the webhook does with each."""
    registry = Registry(database)
    hint = Hint(address, datetime.now(timezone.utc), "7")
    for _ in range(count):
        notice.note(registry, provider, hint)


def reconnect(database, mailbox, grant):
    """The end of a second sign-in."""
    with environment(database) as env:
        found = env["mailbox"].browse(mailbox)
        found._finish_signin(credentials(found.address, grant), found.scope_profile, True)


def credentials(address, grant):
    """The provider's token answer as the core's Credentials."""
    ends = datetime.now(timezone.utc) + timedelta(seconds=grant["expires_in"])
    scopes = frozenset(grant["scope"].split())
    return Credentials(grant["access_token"], grant["refresh_token"], ends, scopes, address, None)


def neutralize(database):
    """What ``odoo-bin neutralize`` does."""
    with environment(database) as env:
        neutralize_database(env.cr)


def sweep_orphans(database):
    """Remove every file of the raw store that no row names, however young."""
    with environment(database) as env:
        shards = [f"{number:02x}" for number in range(256)]
        return sum(env["mailbox.message"]._gc_orphans(shard, -1.0) for shard in shards)


def short_of(database, limit, amount, task, arguments):
    """Do another action under a limit of the operating system.

    ``FSIZE``: bytes a file may have. ``CPU``: seconds from now. ``AS``: more bytes of memory.
    """
    if limit == "CPU":
        signal.signal(signal.SIGXCPU, _time_expired)
        used = resource.getrusage(resource.RUSAGE_SELF)
        amount += int(used.ru_utime + used.ru_stime)
    elif limit == "AS":
        amount += int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    number = getattr(resource, f"RLIMIT_{limit}")
    resource.setrlimit(number, (amount, resource.getrlimit(number)[1]))
    return ACTIONS[task](database, **arguments)


def _time_expired(number, frame):
    """As Odoo's worker does it (``Worker.signal_time_expired_handler``)."""
    raise Exception("CPU time limit exceeded.")


def _autocommit(database):
    _, info = sql_db.connection_info_for(database)
    connection = psycopg2.connect(**info)
    connection.autocommit = True
    return connection


def _next_job(connection, horizon):
    with connection.cursor() as cr:
        cr.execute(_NEXT, [horizon])
        row = cr.fetchone()
    return row[0] if row else None


def _plain(value):
    """Records as ids, everything else as it is."""
    return value.ids if hasattr(value, "ids") else value


ACTIONS = {
    action.__name__: action
    for action in (
        drain, rescue, call, connect, announce, reconnect, neutralize, sweep_orphans, short_of,
    )
}  # fmt: skip
