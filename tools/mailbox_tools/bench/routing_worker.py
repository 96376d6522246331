"""Runs inside Odoo's process: the same mails through routing and through the stock gateway.

Usage: python -m mailbox_tools.bench.routing_worker CONFIGURATION DATABASE POSTMASTER SCENE MAILS
ROUNDS, with SCENE one of ``replies``, ``leads``, ``nothing``. Prints one JSON list: a pair of
figures a round. Fails when the two outcomes differ.
"""

import importlib
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import odoo
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry

from mailbox_core.testing.memory import create_world
from mailbox_tools.bench import cpu
from mailbox_tools.bench.mails import Mix

_DROPPED = re.compile(rb"^(?:In-Reply-To|References|List-[A-Za-z]+): [^\r]*\r\n", re.MULTILINE)
_SUBJECT = re.compile(rb"^Subject: (?:Re: )?([^\r]*)", re.MULTILINE)
_ROUTE = "root.mailbox.route"
#: Mails that arrive together: what the provider in memory lists at once.
_PAGE = 50


class Bench:
    """A database with a mailbox over a world in memory. ``scene`` as in the usage."""

    def __init__(self, registry: Any, scene: str, roots: list[int]) -> None:
        self.registry = registry
        self.scene = scene
        self.roots = roots
        # Addons can be imported once the configuration was read.
        self.jobs = importlib.import_module("odoo.addons.queue_job.job").Job
        self.world = create_world("sales@example.com")
        with self.env() as env:
            values = {"provider": "memory", "address": "sales@example.com", "routing": "company"}
            env["mailbox"].create({"name": "Bench", **values})._sync_start()
            if scene != "replies":
                rule: dict[str, Any] = {"name": "Leads", "target_model": "crm.lead"}
                if scene == "nothing":
                    line = {"field": "subject", "op": "contains", "value": "no such words"}
                    rule["line_ids"] = [(0, 0, line)]
                env["mailbox.route"].create(rule)
        self.drain("root.mailbox.sync", "root.mailbox.backfill")

    @contextmanager
    def env(self) -> Iterator[Any]:
        """A transaction of its own."""
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {"fetchmail_cron_running": True})

    def drain(self, *channels: str) -> int:
        """Perform the waiting jobs of these channels as the runner does: a transaction each. The
        number of statements they took themselves."""
        statements = 0
        while True:
            with self.env() as env:
                domain = [("state", "=", "pending"), ("channel", "in", channels)]
                due = ["|", ("eta", "=", False), ("eta", "<=", datetime.utcnow())]
                found = env["queue.job"].search(
                    [*domain, *due], order="priority, date_created, id", limit=1
                )
                if not found:
                    return statements
                job = self.jobs.load(env, found.uuid)
                job.set_started()
                job.store()
                before = env.cr.sql_log_count
                job.perform()
                env.flush_all()
                statements += env.cr.sql_log_count - before
                job.set_done()
                job.store()

    # -- mails ---------------------------------------------------------------------------------

    def mails(self, side: str, contents: list[tuple[bytes, bytes]]) -> list[bytes]:
        """The mails for one side; answers to an offer each, in the scene of replies."""
        made = []
        with self.env() as env:
            for number, (subject, rest) in enumerate(contents):
                sender = f"customer{number}.{side}@firm{number % 300}.example"
                answer = ""
                if self.scene == "replies":
                    sent = _offer(env, subject.decode(), number, sender)
                    answer = f"In-Reply-To: {sent}\r\nReferences: {sent}\r\n"
                head = (
                    f"Message-ID: <{number}.{side}@firm.example>\r\n"
                    "Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
                    f"From: Customer {number} <{sender}>\r\n"
                    "To: Sales <sales@example.com>\r\n"
                )
                subject_line = b"Subject: Re: " if answer else b"Subject: "
                made.append(
                    head.encode() + subject_line + subject + b"\r\n" + answer.encode() + rest
                )
        return made

    def store(self, mails: list[bytes]) -> None:
        """Bring mails into the mailbox without routing them."""
        for start in range(0, len(mails), _PAGE):
            now = datetime.now(timezone.utc) + timedelta(seconds=1)
            for number, mail in enumerate(mails[start : start + _PAGE]):
                self.world.deliver(raw=mail, received_at=now + timedelta(milliseconds=number))
            with self.env() as env:
                env["mailbox"].search([])._sync_now()
            self.drain("root.mailbox.sync")
        with self.env() as env:
            known = env["mailbox.message"].search_count(
                [("disposition", "=", "stored"), ("decision_ids", "=", False)]
            )
            assert known == len(mails), f"{known} of {len(mails)} mails are stored"

    # -- the two sides -------------------------------------------------------------------------

    def ours(self, mails: list[bytes]) -> int:
        """Route what is stored."""
        return self.drain(_ROUTE)

    def stock(self, mails: list[bytes]) -> int:
        """Odoo's gateway, as its fetch job calls it: one transaction a mail."""
        statements = 0
        for mail in mails:
            with self.env() as env:
                before = env.cr.sql_log_count
                env["mail.thread"].message_process("crm.lead", mail)
                env.flush_all()
                statements += env.cr.sql_log_count - before
        return statements

    def measured(self, work: Callable[[list[bytes]], int], mails: list[bytes]) -> dict[str, Any]:
        """Seconds, CPU seconds of Odoo and PostgreSQL, statements."""
        before, started = cpu.seconds(self.roots), time.monotonic()
        statements = work(mails)
        seconds, used = time.monotonic() - started, cpu.seconds(self.roots) - before
        return {"mails": len(mails), "seconds": seconds, "cpu": used, "statements": statements}

    # -- outcome -------------------------------------------------------------------------------

    def outcome(self, side: str, count: int) -> list[Any]:
        """What became of each mail, in words that are the same for both sides."""
        found = []
        with self.env() as env:
            for number in range(count):
                lines = env["mail.message"].search(
                    [("message_id", "=", f"<{number}.{side}@firm.example>")]
                )
                found.append([_line(env, line, side) for line in lines])
        return found


def _offer(env: Any, subject: str, number: int, sender: str) -> str:
    partner = env["res.partner"].create({"name": f"Customer {number}", "email": sender})
    values = {"name": subject, "partner_id": partner.id, "user_id": False}
    lead = env["crm.lead"].with_context(mail_create_nosubscribe=True).create(values)
    sent = lead.message_post(
        body="Our offer", message_type="comment", subtype_xmlid="mail.mt_comment"
    )
    return str(sent.message_id)


def _line(env: Any, line: Any, side: str) -> dict[str, Any]:
    record = env[line.model].browse(line.res_id)
    plain = {
        "model": line.model,
        "record": record.name,
        "email": record.email_from,
        "customer": record.partner_id.email,
        "kind": [record.type, record.team_id.id, record.user_id.id, record.stage_id.id],
        "lines": len(record.message_ids),
        "followers": sorted(record.message_partner_ids.mapped("email_normalized")),
        "author": line.author_id.email,
        "from": line.email_from,
        "to": [line.incoming_email_to, line.incoming_email_cc],
        "people": sorted(line.partner_ids.mapped("email")),
        "parent": line.parent_id.message_id and line.parent_id.body,
        "subject": line.subject,
        "subtype": line.subtype_id.id,
        "internal": line.is_internal,
        "notified": sorted(line.notification_ids.mapped("res_partner_id.email")),
        "files": sorted((one.name, one.checksum) for one in line.attachment_ids),
    }
    marked: dict[str, Any] = json.loads(json.dumps(plain).replace(f".{side}@", "@"))
    return marked


def contents(count: int, machine: bool) -> list[tuple[bytes, bytes]]:
    """Subjects and the rest of the mails of the mix. ``machine``: newsletters stay what they are;
    else they are HTML mail of people."""
    found = []
    for mail in Mix().mails(count):
        head, mark, body = mail.partition(b"MIME-Version: 1.0\r\n")
        subject = _SUBJECT.search(head)
        rest = mark + body
        if not machine:
            top, blank, text = rest.partition(b"\r\n\r\n")
            rest = _DROPPED.sub(b"", top + b"\r\n")[:-2] + blank + text
        else:
            rest = b"".join(re.findall(rb"^List-[^\r]*\r\n", body[:500], re.MULTILINE)) + rest
        found.append((subject[1] if subject else b"Mail", rest))
    return found


def main(arguments: list[str]) -> None:
    """All rounds; the first is a rehearsal and not reported."""
    configuration, database, postmaster, scene, mails, rounds = arguments
    odoo.tools.config.parse_config(["-c", configuration, "--log-level=critical"])
    bench = Bench(Registry(database), scene, [os.getpid(), int(postmaster)])
    mix = contents(int(mails), scene == "nothing")
    samples = []
    for number in range(int(rounds) + 1):
        given = mix[: min(len(mix), 20)] if number == 0 else mix
        sides = {name: f"{name[:2]}{number}" for name in ("ours", "stock")}
        made = {name: bench.mails(side, given) for name, side in sides.items()}
        bench.store(made["ours"])
        order = ("ours", "stock") if number % 2 else ("stock", "ours")
        pair = {}
        for name in order if scene != "nothing" else ("ours",):
            pair[name] = bench.measured(getattr(bench, name), made[name])
        if scene != "nothing":
            one, other = (bench.outcome(side, len(given)) for side in sides.values())
            for index, (ours, stock) in enumerate(zip(one, other, strict=True)):
                assert ours == stock and ours, f"mail {index} differs:\n{ours}\n{stock}"
        if number:
            samples.append(pair)
    print(json.dumps(samples))


if __name__ == "__main__":
    main(sys.argv[1:])
