"""What actions of rules did with mails: one line for each action and mail, whatever came of it."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from mailbox_core.errors import ProviderError, Throttled, Unavailable

from .. import jobs
from ..routing import facts
from ..routing.actions import KINDS, webhook
from ..store.raw import RawMissing

#: Seconds between the tries of a call; after the last one it has failed.
_WAITS = (30, 300, 1_800, 7_200, 21_600, 43_200)


class MailboxRouteExecution(models.Model):
    _name = "mailbox.route.execution"
    _inherit = ["mailbox.reference.mixin"]
    _description = "Execution of a Rule"
    _order = "id"
    _rec_name = "detail"

    message_id = fields.Many2one(
        "mailbox.message", required=True, ondelete="cascade", index=True, readonly=True
    )
    mailbox_id = fields.Many2one(
        "mailbox", required=True, ondelete="cascade", index=True, readonly=True
    )
    route_id = fields.Many2one("mailbox.route", string="Rule", ondelete="set null", readonly=True)
    action_id = fields.Many2one("mailbox.route.action", ondelete="set null", readonly=True)
    rfc_id = fields.Char(string="Message-ID", required=True, readonly=True)
    kind = fields.Selection(selection="_selection_kind", required=True, readonly=True)
    model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference(model_field="model", string="Record", readonly=True)
    state = fields.Selection(
        [
            ("done", "Done"),
            ("waiting", "Is being done"),
            ("refused", "Makes no sense here"),
            ("failed", "Failed"),
        ],
        required=True,
        default="done",
        readonly=True,
    )
    detail = fields.Char(readonly=True)
    attempts = fields.Integer(readonly=True)
    next_try_at = fields.Datetime(readonly=True)

    _once = models.UniqueIndex("(action_id, rfc_id) WHERE action_id IS NOT NULL")

    @api.model
    def _selection_kind(self):
        kinds = [(name, module.label(self.env)) for name, module in KINDS.items()]
        return [*kinds, ("acknowledge", self.env._("Acknowledge"))]

    # -- calls of web addresses ----------------------------------------------------------------

    def _call_soon(self, seconds=0.0):
        self.ensure_one()
        key = f"execution:{self.id}:{self.attempts}"
        jobs.enqueue(
            self, jobs.CARE, key, seconds, description=self.env._("Call for rule %s", self.id)
        )._job_call()

    def _job_call(self):
        """Job: one try of a call. Calling again with the same id is harmless for the receiver."""
        self.ensure_one()
        action = self.action_id
        if self.state != "waiting":
            return "nothing to do"
        if not action.url or not action.route_id.active:
            return self._end("failed", self.env._("The rule was ended."))
        try:
            mail = facts.mail_of(self.message_id)
            body = webhook.payload(mail, self.route_id, self._record())
            uuid = self.env["mailbox.credential"]._database_uuid()
            status = action._deliver(body, f"{uuid}-{self.id}")
        except (Throttled, Unavailable) as error:
            return self._put_off(error)
        except (ProviderError, RawMissing, UserError) as error:
            return self._end("failed", getattr(error, "detail", "") or str(error))
        return self._end(
            "done", self.env._("%(url)s answered %(status)s", url=action.url, status=status)
        )

    def _put_off(self, error):
        attempts = self.attempts + 1
        if attempts > len(_WAITS):
            self.attempts = attempts
            return self._end("failed", error.detail)
        wait = max(_WAITS[attempts - 1], getattr(error, "retry_after", 0) or 0)
        self.write(
            {
                "attempts": attempts,
                "detail": error.detail,
                "next_try_at": fields.Datetime.add(fields.Datetime.now(), seconds=wait),
            }
        )
        self._call_soon(wait)
        return f"again in {wait:.0f} s"

    def _end(self, state, detail):
        self.write({"state": state, "detail": detail[:500], "next_try_at": False})
        if state == "failed":
            self.mailbox_id._audit(
                "route.action.failed", message=self.message_id.id, execution=self.id
            )
        return state

    def action_retry(self):
        """Call again what failed."""
        self.message_id._check_decider()
        for execution in self.sudo():
            if (
                execution.kind != "webhook"
                or execution.state != "failed"
                or not execution.action_id
            ):
                raise UserError(self.env._("Only calls that failed are made again."))
            execution.write({"state": "waiting", "attempts": 0})
            execution._call_soon()


class MailboxMessage(models.Model):
    _inherit = "mailbox.message"

    execution_ids = fields.One2many("mailbox.route.execution", "message_id", readonly=True)
