"""A local intent the provider must still carry out.

A click changes the local copy at once and leaves a row here; the job carries the rows of a mailbox
to the provider in the order they were given. Goals, never toggles: carrying one out twice is
harmless, so a crash between the provider's answer and our commit is too. What the provider refuses
is undone by asking it for the true state of the messages again.
"""

import uuid
from datetime import datetime, timedelta, timezone
from random import Random

from odoo import api, fields, models

from mailbox_core.backoff import delay
from mailbox_core.errors import AuthorizationLost, NotFound, ProviderError, Refused, Throttled
from mailbox_core.types import Delete, MessageRef, Place, SetFlags

from .. import jobs
from ..values import naive

#: First key of the advisory locks that keep the commands of a mailbox in order.
_LOCK = 0x6D626F63
#: Commands one job carries out.
_AT_ONCE = 10
_BUSY = 2.0


class MailboxCommand(models.Model):
    _name = "mailbox.command"
    _description = "Mailbox Command"
    _order = "id DESC"

    mailbox_id = fields.Many2one("mailbox", required=True, ondelete="cascade", index=True)
    user_id = fields.Many2one("res.users", default=lambda self: self.env.user, ondelete="set null")
    kind = fields.Selection(
        [("flags", "Set flags"), ("place", "Move"), ("delete", "Delete")], required=True
    )
    payload = fields.Json(required=True)
    state = fields.Selection(
        [("pending", "Pending"), ("done", "Done"), ("failed", "Failed")],
        required=True,
        default="pending",
    )
    attempts = fields.Integer()
    due_at = fields.Datetime(default=fields.Datetime.now)
    client_key = fields.Char(required=True, default=lambda self: str(uuid.uuid4()), copy=False)
    failure = fields.Char()
    done_at = fields.Datetime()

    _client_key_unique = models.Constraint("UNIQUE (client_key)", "This command was given already.")
    _due_idx = models.Index("(mailbox_id, id) WHERE state = 'pending'")

    @api.model
    def _give(self, mailbox, kind, messages, **goal):
        """Note what shall become of ``messages`` at the provider, and wake the job.

        ``goal``: ``set`` and ``clear`` (flags), ``add`` and ``remove`` (remote folder ids).
        """
        refs = [[message.remote_id, message.conversation_key or None] for message in messages]
        command = self.sudo().create(
            {
                "mailbox_id": mailbox.id,
                "user_id": self.env.uid,
                "kind": kind,
                "payload": {"refs": refs, **{name: sorted(value) for name, value in goal.items()}},
            }
        )
        command._wake()
        return command

    def _wake(self, seconds=0.0):
        """One job carries out all that waits for a mailbox, so that order is kept."""
        for command in self[:1]:
            key = f"outbox:{command.mailbox_id.id}" + (":later" if seconds else "")
            jobs.enqueue(command, jobs.OUTBOX, key, seconds)._job_apply()

    def _job_apply(self):
        """Job: carry out what waits for the mailbox, oldest first, until trouble comes."""
        mailbox = self.mailbox_id
        if not mailbox:
            return "the mailbox is gone"
        if mailbox._is_asleep():
            return "asleep: " + mailbox._asleep_reason()
        self.env.cr.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_LOCK, mailbox.id])
        if not self.env.cr.fetchone()[0]:
            self._wake(_BUSY)
            return "busy"
        waiting = self.search(
            [("mailbox_id", "=", mailbox.id), ("state", "=", "pending")],
            order="id",
            limit=_AT_ONCE + 1,
        )
        provider = mailbox._provider("interactive")
        for count, command in enumerate(waiting[:_AT_ONCE]):
            if not command._carry_out(provider):
                return f"{count} done, then trouble"
        waiting[_AT_ONCE:]._wake()
        return f"{len(waiting[:_AT_ONCE])} done"

    def _carry_out(self, provider):
        """Whether the next command may follow."""
        self.ensure_one()
        try:
            provider.apply(self._mutation())
        except (Refused, NotFound) as error:
            self.write({"state": "failed", "failure": error.detail or type(error).__name__})
            self._undo()
        except ProviderError as error:
            self._put_off(error)
            return False
        else:
            self.write({"state": "done", "done_at": fields.Datetime.now(), "failure": False})
        return True

    def _put_off(self, error):
        """Try again: when the provider says so, or after a while; once somebody signed in, if that
        is it."""
        attempts = self.attempts + 1
        advice = error.retry_after if isinstance(error, Throttled) else None
        seconds = delay(attempts, advice, rng=Random())
        due = datetime.now(timezone.utc) + timedelta(seconds=seconds)
        self.write(
            {
                "attempts": attempts,
                "due_at": naive(due),
                "failure": error.detail or type(error).__name__,
            }
        )
        if isinstance(error, AuthorizationLost):
            self.mailbox_id._trouble(error.reason, error.detail)
        else:
            self._wake(seconds)

    def _mutation(self):
        payload = self.payload
        refs = tuple(MessageRef(remote_id, key) for remote_id, key in payload["refs"])
        goal = {name: frozenset(value) for name, value in payload.items() if name != "refs"}
        kinds = {"flags": SetFlags, "place": Place, "delete": Delete}
        return kinds[self.kind](refs, **goal)

    def _undo(self):
        """The local copy ran ahead of what the provider allows: let it be asked how things are."""
        messages = self.env["mailbox.message"].search(
            [
                ("mailbox_id", "=", self.mailbox_id.id),
                ("remote_id", "in", [remote_id for remote_id, _key in self.payload["refs"]]),
                ("disposition", "=", "stored"),
            ]
        )
        messages.write({"is_stale": True})
        for stream in messages.stream_id:
            jobs.wake(stream, "new")

    @api.model
    def _cron_commands(self):
        """Wake what is due and lost its job (a restored database, a cleaned queue)."""
        due = self.search([("state", "=", "pending"), ("due_at", "<=", fields.Datetime.now())])
        for mailbox in due.mailbox_id:
            if not mailbox._is_asleep():
                due.filtered(lambda command, held=mailbox: command.mailbox_id == held)[-1:]._wake()
