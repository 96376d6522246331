"""What an operator should know about a database and its mailboxes, as plain data.

Used by ``odoo-bin mailbox doctor``. A check is a dictionary with ``name``, ``level`` (good, hint,
bad), ``text`` and ``advice``.
"""

import configparser
import os
import stat
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.addons.queue_job.jobrunner.runner import PG_ADVISORY_LOCK_ID
from odoo.tools import SQL, config

from mailbox_core.errors import Refused

from .. import conf, crypto
from .mailbox_credential import SEALING

#: A live mailbox is looked at far more often than this; then something does not run.
_STALE = timedelta(hours=2)
#: A job that could run and was not taken for so long.
_STUCK = timedelta(minutes=5)
_SKEW_SECONDS = 5


def check(name, level, text, advice=""):
    """One finding."""
    return {"name": name, "level": level, "text": text, "advice": advice}


class MailboxDoctor(models.AbstractModel):
    _name = "mailbox.doctor"
    _description = "Mailbox Doctor"

    @api.model
    def _examine(self, mailboxes=None):
        """The whole report. Reads only, but for one file that is written and removed."""
        if mailboxes is None:
            mailboxes = self.env["mailbox"].search([("active", "=", True)], order="address")
        server = [
            self._check_keys(),
            self._check_key_file(),
            self._check_endpoints(),
            self._check_proxy(),
            self._check_base_url(),
            self._check_workers(),
            self._check_runner(),
            *self._check_listeners(),
            self._check_clock(),
            self._check_filestore(),
            self._check_neutralised(),
        ]
        return {
            "database": self.env.cr.dbname,
            "server": [found for found in server if found],
            "mailboxes": [self._examine_mailbox(mailbox) for mailbox in mailboxes],
        }

    # ------------------------------------------------------------------
    # The server
    # ------------------------------------------------------------------

    def _check_keys(self):
        try:
            ring = conf.keyring()
        except crypto.SecretError as error:
            return check("secret keys", "bad", str(error))
        models = [self.env[model] for model in self._sealed_models()]
        needed = set().union(*(model._key_ids() for model in models))
        known = {key.key_id for key in (ring.primary, *ring.older)}
        if needed - known:
            return check(
                "secret keys",
                "bad",
                "Stored secrets need keys that are not configured: "
                f"{', '.join(sorted(needed - known))}",
                "Put the old key back as secret_key_old, or connect the mailboxes again.",
            )
        text = f"key {ring.primary.key_id} from {ring.primary.source}"
        if needed - {ring.primary.key_id}:
            return check(
                "secret keys", "hint", text, "Older keys are in use: odoo-bin mailbox rotate-keys"
            )
        return check("secret keys", "good", text)

    @api.model
    def _sealed_models(self):
        """Names of the models that keep sealed secrets."""
        return SEALING

    def _check_key_file(self):
        path = conf.key_file()
        try:
            mode = stat.S_IMODE(os.stat(path).st_mode)
        except OSError:
            return None
        if mode & 0o077:
            return check(
                "key file",
                "bad",
                f"{path} is open to others (mode {mode:04o})",
                f"chmod 600 {path}",
            )
        return check("key file", "good", f"{path}, mode {mode:04o}")

    def _check_endpoints(self):
        source = conf.option_source("google_base_url")
        if not source:
            return None
        base = conf.option("google_base_url")
        return check(
            "provider address", "hint", f"Tokens go to {base} ({source})", "For tests only."
        )

    def _check_proxy(self):
        """Which way providers are reached: the proxies of the environment are not used."""
        source = conf.option_source("proxy")
        try:
            proxy = urlsplit(conf.endpoints().proxy)
        except Refused as error:
            return check("proxy", "bad", error.detail, f"Correct the {source}.")
        if source:
            return check("proxy", "good", f"{proxy.hostname}:{proxy.port or 80} ({source})")
        if os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy"):
            return check(
                "proxy",
                "hint",
                "HTTPS_PROXY of the environment is not used",
                "Set proxy = http://host:port in section [mailbox] of odoo.conf.",
            )
        return None

    def _check_base_url(self):
        findings = self.env["mailbox.preflight"]._address_findings()
        bad = [finding for finding in findings if finding.level == "bad"]
        uri = self.env["mailbox"]._redirect_uri()
        if bad:
            return check("redirect address", "bad", f"{uri}: {bad[0].title}", bad[0].advice)
        frozen = self.env["mailbox.preflight"]._frozen()
        return check("redirect address", frozen.level, uri, frozen.advice)

    def _check_workers(self):
        workers = config["workers"]
        if workers >= 2:
            return check("workers", "good", f"{workers} HTTP workers")
        return check(
            "workers",
            "hint",
            f"workers = {workers} in {config['config']}",
            "With fewer than 2, jobs and people wait for each other. Set workers = 2 or more.",
        )

    def _check_runner(self):
        """Whether queue_job's runner is connected, has channels, and takes jobs."""
        if "queue_job" not in config["server_wide_modules"]:
            return check(
                "job runner",
                "bad",
                "queue_job is not among the server-wide modules",
                "Set server_wide_modules = base,rpc,web,queue_job in odoo.conf.",
            )
        if not self._runner_connected():
            return check(
                "job runner",
                "bad",
                "no job runner is connected to this database",
                "Start Odoo (with workers); its log says 'queue job runner ready' for each "
                "database.",
            )
        waiting = self._oldest_waiting_job()
        if waiting and fields.Datetime.now() - waiting > _STUCK:
            return check(
                "job runner",
                "bad",
                f"a job waits since {waiting} UTC",
                "Start Odoo with the job runner; look for 'jobrunner' in its log.",
            )
        channels = _channels()
        if not channels:
            return check(
                "job runner",
                "hint",
                "no channels configured: one job runs at a time",
                "Set channels in section [queue_job] of odoo.conf, for example "
                "root:4,root.mailbox.backfill:1",
            )
        return check("job runner", "good", f"channels {channels}; no job is stuck")

    def _runner_connected(self):
        """queue_job's runner holds this advisory lock on every database it serves."""
        return self.env.execute_query(
            SQL(
                """SELECT count(*) FROM pg_locks
                    WHERE locktype = 'advisory' AND granted
                      AND database =
                          (SELECT oid FROM pg_database WHERE datname = current_database())
                      AND (classid::bigint << 32) | objid::bigint = %s""",
                PG_ADVISORY_LOCK_ID,
            )
        )[0][0]

    def _oldest_waiting_job(self):
        """When the oldest job that could run now was made; None when there is none."""
        return self.env.execute_query(
            SQL(
                """SELECT min(date_created) FROM queue_job
                    WHERE state IN ('pending', 'enqueued') AND model_name LIKE 'mailbox%%'
                      AND (eta IS NULL OR eta < (now() AT TIME ZONE 'UTC'))"""
            )
        )[0][0]

    def _check_listeners(self):
        """Whether somebody fetches notifications for the push settings that want it."""
        levels = {"alive": "good", "waiting": "good", "failing": "bad"}
        advice = "Start the service that runs odoo-bin mailbox listen."
        for settings in self.env["mailbox.push.config"].search([("mode", "=", "pull")]):
            state = settings.listener_state
            level = levels.get(state, "bad")
            name = f"listener {settings.queue_id}"
            step = "" if level == "good" or state == "failing" else advice
            yield check(name, level, settings.listener_text, step)

    def _check_clock(self):
        before = time.time()
        there = self.env.execute_query(SQL("SELECT extract(epoch FROM clock_timestamp())"))[0][0]
        skew = float(there) - (before + time.time()) / 2
        if abs(skew) > _SKEW_SECONDS:
            return check(
                "clock",
                "bad",
                f"The database server's clock differs by {skew:+.1f} s",
                "Set up NTP on both.",
            )
        return check("clock", "good", f"differs from the database server's by {skew:+.2f} s")

    def _check_filestore(self):
        folder = Path(config.filestore(self.env.cr.dbname))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as file:
                file.write(b"x" * 4096)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            return check(
                "filestore", "bad", f"{folder} cannot be written: {error}", "Nothing can be stored."
            )
        return check("filestore", "good", f"{folder} can be written")

    def _check_neutralised(self):
        if self.env["ir.config_parameter"].get_param("database.is_neutralized"):
            return check(
                "copy", "hint", "This database is a neutralised copy: it syncs and sends nothing."
            )
        return None

    # ------------------------------------------------------------------
    # One mailbox
    # ------------------------------------------------------------------

    def _examine_mailbox(self, mailbox):
        return {
            "id": mailbox.id,
            "address": mailbox.address,
            "state": mailbox.state,
            "checks": [
                self._check_token(mailbox),
                self._check_cursor(mailbox),
                self._check_backlog(mailbox),
                self._check_quarantine(mailbox),
                self._check_errors(mailbox),
            ],
        }

    def _check_token(self, mailbox):
        if not mailbox._spec().authorizer:
            return check("sign-in", "good", "not needed")
        level = {"stored": "good", "verified": "good", "failing": "hint", "none": "hint"}.get(
            mailbox.token_state, "bad"
        )
        ends = mailbox.token_ends_at
        if level == "good" and ends and ends - fields.Datetime.now() < timedelta(days=3):
            return check("sign-in", "hint", f"ends at {ends} UTC", "Press Reconnect before.")
        return check(
            "sign-in", level, mailbox.token_text, "" if level == "good" else "Press Reconnect."
        )

    def _check_cursor(self, mailbox):
        if mailbox.state in ("draft", "paused"):
            return check("last look", "good", f"none expected ({mailbox.state})")
        seen = [stream.last_success_at for stream in mailbox.stream_ids if stream.last_success_at]
        last = min(seen, default=None)
        if last is None:
            return check(
                "last look", "hint", "none yet", "Press Sync now, and look at the job runner."
            )
        age = fields.Datetime.now() - last
        text = f"{int(age.total_seconds())} s ago"
        if age > _STALE:
            return check("last look", "bad", text, "Look at the job runner.")
        return check("last look", "good", text)

    def _check_backlog(self, mailbox):
        jobs = self.env["queue.job"].search_count(
            [
                ("model_name", "=", "mailbox.stream"),
                ("state", "in", ("pending", "enqueued", "started")),
            ]
        )
        return check(
            "backlog",
            "good",
            f"{mailbox.listed_count} messages to fetch; {jobs} sync jobs in this database",
        )

    def _check_quarantine(self, mailbox):
        count = mailbox.quarantine_count
        advice = "Open the mailbox's quarantine: each line says why." if count else ""
        return check("quarantine", "hint" if count else "good", f"{count} messages", advice)

    def _check_errors(self, mailbox):
        blocked = mailbox.stream_ids.filtered(lambda stream: stream.gate == "blocked")
        if blocked:
            return check(
                "trouble", "bad", blocked[0].gate_reason or "blocked", mailbox.health_text or ""
            )
        if mailbox.breaker_reason:
            return check(
                "trouble", "hint", f"{mailbox.breaker_reason} until {mailbox.breaker_until} UTC"
            )
        failed = self.env["mailbox.run"].search(
            [("mailbox_id", "=", mailbox.id), ("outcome", "!=", "ok")], limit=1
        )
        if failed:
            text = (
                f"over; the last was at {failed.ended_at} UTC: {failed.outcome} {failed.note or ''}"
            )
            return check("trouble", "good", text.strip())
        return check("trouble", "good", "none")


def _channels():
    """queue_job's channels as its runner reads them: environment, else section [queue_job] of
    odoo.conf."""
    from_environment = os.environ.get("ODOO_QUEUE_JOB_CHANNELS", "")
    if from_environment or not config["config"]:
        return from_environment
    parser = configparser.RawConfigParser()
    parser.read([config["config"]], encoding="utf-8")
    return parser.get("queue_job", "channels", fallback="")
