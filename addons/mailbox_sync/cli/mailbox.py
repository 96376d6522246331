"""``odoo-bin mailbox``: examine, sync, verify, listen, rotate keys, from a shell.

Odoo loads this file without the addon (as ``odoo.cli.mailbox``), so what belongs to the addon is
reached through the registry, or imported when a command runs.
"""

import argparse
import json
import sys
import time
from contextlib import contextmanager

import psycopg2
from odoo import SUPERUSER_ID
from odoo.api import Environment
from odoo.cli.command import Command
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.service.db import list_dbs
from odoo.tools import config

GOOD, TROUBLE, UNUSABLE = 0, 1, 2
_MARKS = {"good": "ok  ", "hint": "note", "bad": "BAD "}


class Unusable(Exception):
    """The command cannot run as it was given; the text says why."""


class Mailbox(Command):
    """Examine and operate mailboxes from a shell"""

    epilog = """
    Exit codes: 0 everything is fine, 1 something needs attention, 2 the command could not run.
    """

    def __init__(self):
        super().__init__()
        commands = self.parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        self._add(
            commands,
            "doctor",
            self._doctor,
            "What is right and wrong: sign-ins, cursors, backlog, keys, job runner, clock, "
            "filestore",
        )
        self._add(
            commands, "sync", self._sync, "Look for changes now (the job runner does the work)"
        )
        parity = self._add(
            commands,
            "parity",
            self._parity,
            "Prove that nothing is missing: compare with the provider",
        )
        parity.add_argument(
            "--full",
            action="store_true",
            help="compare the source of every message, not of a sample",
        )
        parity.add_argument(
            "--wait", type=int, default=0, metavar="SECONDS", help="wait for the result so long"
        )
        self._add_service(commands)
        self._add_rotation(commands)

    def _add_service(self, commands):
        self._add(
            commands,
            "listen",
            self._listen,
            "Fetch notifications, for an Odoo without a public address; runs until it is stopped",
        )

    def _add_rotation(self, commands):
        rotate = self._add(
            commands, "rotate-keys", self._rotate, "Encrypt all stored secrets with the current key"
        )
        rotate.add_argument(
            "--new-key", action="store_true", help="make a new key in the key file first"
        )
        rotate.add_argument(
            "--drop-old-keys",
            action="store_true",
            help="then remove old keys from the key file, if no database of this server needs them",
        )

    @staticmethod
    def _add(commands, name, call, words):
        parser = commands.add_parser(
            name,
            help=words,
            description=words + ".",
            formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        )
        parser.add_argument("-c", "--config", help="Odoo's configuration file")
        parser.add_argument(
            "-d", "--database", help="databases, separated by commas (default: all with Mailbox)"
        )
        if name != "listen":
            parser.add_argument("--json", action="store_true", help="print JSON instead of text")
        if name not in ("listen", "rotate-keys"):
            parser.add_argument(
                "--mailbox",
                action="append",
                metavar="ADDRESS",
                help="only this one; may be repeated",
            )
        parser.set_defaults(call=call)
        return parser

    def run(self, cmdargs):
        """Run one command; ends the process with its exit code."""
        chosen = self.parser.parse_args(cmdargs)
        # A service speaks as odoo.conf says, a command to its caller.
        arguments = ["--no-http", *([] if chosen.command == "listen" else ["--log-level=error"])]
        if chosen.config:
            arguments += ["-c", chosen.config]
        if chosen.database:
            arguments += ["-d", chosen.database]
        config.parse_config(arguments, setup_logging=True)
        try:
            code = chosen.call(chosen)
        except (Unusable, UserError, psycopg2.OperationalError) as error:
            print(f"mailbox: {str(error).strip()}", file=sys.stderr)
            code = UNUSABLE
        sys.exit(code)

    # ------------------------------------------------------------------
    # Commands: each returns an exit code
    # ------------------------------------------------------------------

    def _doctor(self, chosen):
        reports = []
        for name in _databases():
            with _environment(name) as env:
                mailboxes = _mailboxes(env, chosen.mailbox) if chosen.mailbox else None
                reports.append(env["mailbox.doctor"]._examine(mailboxes))
        _print(chosen, reports, _doctor_lines)
        levels = {found["level"] for report in reports for found in _all_checks(report)}
        return TROUBLE if "bad" in levels else GOOD

    def _sync(self, chosen):
        done = []
        for name in _databases():
            with _environment(name) as env:
                mailboxes = _mailboxes(env, chosen.mailbox)
                ready = mailboxes.filtered(
                    lambda mailbox: mailbox.state not in ("draft", "paused", "reconnect")
                )
                ready._sync_now()
                for mailbox in mailboxes:
                    woken = mailbox in ready
                    done.append(
                        {
                            "database": name,
                            "address": mailbox.address,
                            "state": mailbox.state,
                            "woken": woken,
                        }
                    )
        _print(chosen, done, _sync_lines)
        return GOOD if all(line["woken"] for line in done) else TROUBLE

    def _parity(self, chosen):
        running = []
        for name in _databases():
            with _environment(name) as env:
                for mailbox in _mailboxes(env, chosen.mailbox):
                    if mailbox.state not in ("draft", "paused"):
                        running.append(
                            (name, env["mailbox.parity"]._begin(mailbox, chosen.full).id)
                        )
        results = _wait(running, chosen.wait)
        _print(chosen, results, _parity_lines)
        if not chosen.wait:
            return GOOD
        proved = all(line["state"] == "done" and not line["unexplained"] for line in results)
        return GOOD if proved else TROUBLE

    def _listen(self, chosen):
        from odoo.addons.mailbox_sync.engine.listeners import Listeners

        Listeners(config["db_name"] or ()).run()
        return GOOD

    def _rotate(self, chosen):
        from odoo.addons.mailbox_sync import conf, crypto

        if chosen.drop_old_keys and chosen.database:
            raise Unusable("--drop-old-keys must see every database of this server: leave out -d.")
        names = _databases()
        try:
            if chosen.new_key:
                _make_new_key(conf, crypto)
            results = [_rotate_database(name) for name in names]
            if chosen.drop_old_keys:
                _drop_old_keys(conf, crypto, results)
        except (crypto.SecretError, OSError) as error:
            raise Unusable(str(error)) from error
        _print(chosen, results, _rotate_lines)
        return GOOD


# ----------------------------------------------------------------------
# Databases
# ----------------------------------------------------------------------


def _databases():
    """Names of the chosen databases that have Mailbox; all of them when none was chosen."""
    chosen = config["db_name"]
    names = list(chosen) if chosen else list_dbs(force=True)
    found = [name for name in names if _has_mailbox(name, must=bool(chosen))]
    if not found:
        raise Unusable("No database with the addon mailbox_sync was found. Name one with -d.")
    return found


def _has_mailbox(name, must):
    try:
        found = "mailbox" in Registry(name)
    except Exception as error:
        if must:
            raise Unusable(f"The database {name} cannot be opened: {error}") from error
        return False
    if must and not found:
        raise Unusable(f"The addon mailbox_sync is not installed in the database {name}.")
    return found


@contextmanager
def _environment(name):
    """The superuser's environment; committed when the block ends well."""
    with Registry(name).cursor() as cr:
        yield Environment(cr, SUPERUSER_ID, {"lang": "en_US"})


def _mailboxes(env, addresses):
    """Active mailboxes, all or those with these addresses. Raises Unusable for an unknown one."""
    wanted = [address.strip().casefold() for address in addresses or ()]
    found = env["mailbox"].search([("address", "in", wanted)] if wanted else [], order="address")
    unknown = set(wanted) - set(found.mapped("address"))
    if unknown:
        raise Unusable(f"No such mailbox in {env.cr.dbname}: {', '.join(sorted(unknown))}")
    return found


# ----------------------------------------------------------------------
# Parity
# ----------------------------------------------------------------------


def _wait(running, seconds):
    """The verifications as plain data, when all have ended or the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        results = [_parity_values(*line) for line in running]
        if time.monotonic() >= deadline or all(line["state"] != "running" for line in results):
            return results
        time.sleep(min(2.0, max(0.1, deadline - time.monotonic())))


def _parity_values(name, parity_id):
    with _environment(name) as env:
        line = env["mailbox.parity"].browse(parity_id)
        fields = (
            "provider_messages",
            "stored",
            "quarantined",
            "duplicates",
            "unexplained",
            "flag_diff",
            "label_diff",
        )
        values = {field: line[field] for field in fields}
        return {
            "database": name,
            "address": line.mailbox_id.address,
            "state": line.state,
            "summary": line.summary,
            **values,
        }


# ----------------------------------------------------------------------
# Keys
# ----------------------------------------------------------------------


def _make_new_key(conf, crypto):
    source = conf.option_source("secret_key")
    if source:
        raise Unusable(
            f"The key is set by the {source}. Put a new one there, the present one as "
            "secret_key_old, and run rotate-keys without --new-key."
        )
    conf.keyring()
    path = conf.key_file()
    crypto.replace_key_file(path, [crypto.new_key(str(path)), *crypto.read_key_file(path)])


def _rotate_database(name):
    with _environment(name) as env:
        models = [env[model] for model in env["mailbox.doctor"]._sealed_models()]
        count = sum(model._rotate_keys() for model in models)
        left = set().union(*(model._key_ids() for model in models))
    return {"database": name, "encrypted_anew": count, "keys_in_use": sorted(left)}


def _drop_old_keys(conf, crypto, results):
    ring = conf.keyring()
    needed = {key_id for line in results for key_id in line["keys_in_use"]}
    if needed - {ring.primary.key_id}:
        raise Unusable(
            f"Old keys are still in use: {', '.join(sorted(needed))}. Nothing was removed."
        )
    path = conf.key_file()
    kept = [key for key in crypto.read_key_file(path) if key.key_id == ring.primary.key_id]
    if kept:
        crypto.replace_key_file(path, kept)


# ----------------------------------------------------------------------
# Output
# ----------------------------------------------------------------------


def _print(chosen, data, lines):
    text = json.dumps(data, indent=2, default=str) if chosen.json else "\n".join(lines(data))
    print(text)


def _all_checks(report):
    yield from report["server"]
    for mailbox in report["mailboxes"]:
        yield from mailbox["checks"]


def _check_line(found):
    advice = f"\n         → {found['advice']}" if found["advice"] else ""
    return f"  {_MARKS[found['level']]} {found['name']}: {found['text']}{advice}"


def _doctor_lines(reports):
    for report in reports:
        yield f"Database {report['database']}"
        yield from map(_check_line, report["server"])
        for mailbox in report["mailboxes"]:
            yield f" {mailbox['address']} ({mailbox['state']})"
            yield from map(_check_line, mailbox["checks"])
        if not report["mailboxes"]:
            yield " no mailbox yet"


def _sync_lines(done):
    for line in done:
        what = "woken" if line["woken"] else f"not woken: {line['state']}"
        yield f"{line['database']} {line['address']}: {what}"


def _parity_lines(results):
    for line in results:
        yield f"{line['database']} {line['address']}: {line['state']}, {line['summary']}"


def _rotate_lines(results):
    for line in results:
        keys = ", ".join(line["keys_in_use"]) or "none"
        count = line["encrypted_anew"]
        yield f"{line['database']}: {count} secrets encrypted anew; keys in use: {keys}"
