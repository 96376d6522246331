"""Other systems that are told of alerts: signed calls, tried again, never to private networks.

The calls are those of rules (``mailbox_core.net.webhook``, Standard Webhooks): the receiver checks
signature and age, and knows a repeated call by its id.
"""

import json

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from mailbox_core.errors import ProviderError, Throttled, Unavailable

from .. import jobs
from ..routing.actions import webhook
from ..values import aware

#: Seconds between the tries of a call; after the last one it has failed.
_WAITS = (30, 300, 1_800, 7_200, 21_600)


class MailboxAlertHook(models.Model):
    _name = "mailbox.alert.hook"
    _inherit = "mailbox.webhook.mixin"
    _description = "Web Address That Is Told of Alerts"
    _rec_name = "url"
    _order = "id"

    url = fields.Char(string="Address", required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", help="Only alerts of this company's mailboxes; empty: of all."
    )
    last_at = fields.Datetime(string="Last call", readonly=True, copy=False)
    last_result = fields.Char(string="Its result", readonly=True, copy=False)

    # -- the address and the secret ----------------------------------------------------------------

    @api.constrains("url")
    def _check_url(self):
        for hook in self:
            if trouble := webhook.problem(hook):
                raise ValidationError(trouble)

    @api.model_create_multi
    def create(self, vals_list):
        hooks = super().create(vals_list)
        # No constraint: the secret is sealed with the id of the line, thus after it is made.
        for hook in hooks.filtered(lambda hook: not hook.has_secret):
            raise ValidationError(webhook.secret_missing(hook.env))
        return hooks

    # -- calling -----------------------------------------------------------------------------------

    def action_test(self):
        """Call once, now, and say what came of it."""
        self.ensure_one()
        body = json.dumps({"type": "mailbox.alert.test", "data": {}}).encode()
        error = self._call(body, f"test-{fields.Datetime.now():%Y%m%d%H%M%S}")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "danger" if error else "success",
                "title": self.url,
                "message": self.last_result,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _call(self, body, name):
        """One call; the error that ended it, as a value, so that the note about it stays."""
        error = None
        try:
            result = self.env._("Answered %s", self._deliver(body, name))
        except (ProviderError, UserError) as trouble:
            error, result = trouble, getattr(trouble, "detail", "") or str(trouble)
        self.sudo().write({"last_at": fields.Datetime.now(), "last_result": result[:500]})
        return error

    def _job_call(self, alert, event, attempt=0):
        """Job: tell of one alert. Put off when it may work later, given up when it will not."""
        self.ensure_one()
        if not (self.exists() and alert.exists() and self.active):
            return "nothing to do"
        uuid = self.env["mailbox.credential"]._database_uuid()
        error = self._call(alert._payload(event), f"{uuid}-alert-{alert.id}-{event}")
        if error is None:
            return self.last_result
        if isinstance(error, (Throttled, Unavailable)) and attempt < len(_WAITS):
            wait = max(_WAITS[attempt], getattr(error, "retry_after", 0) or 0)
            self._call_soon(alert, event, attempt + 1, wait)
            return f"again in {wait:.0f} s"
        alert.mailbox_id._audit("alert.untold", alert=alert.kind, hook=self.id)
        return "failed: " + self.last_result

    def _call_soon(self, alert, event, attempt=0, seconds=0.0):
        key = f"hook:{self.id}:{alert.id}:{event}:{attempt}"
        jobs.enqueue(self, jobs.CARE, key, seconds)._job_call(alert, event, attempt)


class MailboxAlert(models.Model):
    _inherit = "mailbox.alert"

    def _tell_webhook(self, event):
        """One job for each address."""
        companies = [False, self.mailbox_id.company_id.id]
        hooks = self.env["mailbox.alert.hook"].sudo().search([("company_id", "in", companies)])
        for hook in hooks:
            hook._call_soon(self, event)
        return f"{len(hooks)} to call"

    def _payload(self, event):
        """What is told, as bytes of JSON, the same in every try: about the mailbox and the
        condition, never about mail."""
        alert = self.with_context(lang="en_US")
        at = self.raised_at if event == "raised" else self.cleared_at
        data = {
            "type": f"mailbox.alert.{event}",
            "timestamp": aware(at).isoformat(),
            "data": {
                "alert": self.id,
                "kind": self.kind,
                "mailbox": self.mailbox_id.address,
                "title": alert._headline(event),
                "cause": alert.cause,
                "step": alert.step,
                "facts": self.facts or {},
                "url": f"{self.get_base_url()}/odoo/mailbox-alerts/{self.id}",
            },
        }
        return json.dumps(data, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")
