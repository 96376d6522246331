"""The checking steps of the push assistant: preflight, validate, register, test."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from mailbox_core import registry

from .. import push_preflight, push_timeline, push_words
from ..push_lines import line

#: Blockers of the readiness guard and the button that mends them.
_FIXES = {
    "grant": ["connect"],
    "lost": ["verify_token", "reconnect"],
    "scope": ["reconnect"],
    "asleep": ["resume"],
    "config": ["project"],
    "key": ["settings"],
    "receiver": ["validate"],
    "endpoint": ["preflight"],
}


class MailboxPushSetup(models.TransientModel):
    _inherit = "mailbox.push.setup"

    preflight = fields.Json(readonly=True)
    preflight_at = fields.Datetime(readonly=True)
    alignment = fields.Json(compute="_compute_alignment")
    is_aligned = fields.Boolean(compute="_compute_alignment")
    changed = fields.Json(readonly=True)
    readiness = fields.Json(compute="_compute_readiness")
    is_ready = fields.Boolean(compute="_compute_readiness")
    push_state = fields.Selection(related="mailbox_id.push_state")
    push_text = fields.Char(related="mailbox_id.push_text")
    push_expires_at = fields.Datetime(related="mailbox_id.push_expires_at")
    address = fields.Char(related="mailbox_id.address", string="Address of the mailbox")
    speed_text = fields.Char(related="mailbox_id.push_speed_text")
    test_since = fields.Datetime(readonly=True)
    timeline = fields.Json(compute="_compute_timeline")
    is_through = fields.Boolean(compute="_compute_timeline")

    def _enter(self):
        result = super()._enter()
        if self.step == "preflight":
            self._run_preflight()
        elif self.step == "validate":
            self.changed = False
        elif self.step == "test":
            self._need_mailbox()
            self.test_since = fields.Datetime.now()
        return result

    def _need_mailbox(self):
        if not self.mailbox_id:
            raise UserError(self.env._("Choose the mailbox first."))
        return self.mailbox_id

    # -- preflight -------------------------------------------------------------------------------

    def action_preflight(self):
        """Ask again."""
        self.ensure_one()
        self._check_manager()
        self._run_preflight()

    def _run_preflight(self):
        spec = registry.spec(self.provider).push
        found = push_preflight.findings(self.env, self.endpoint, spec, self._delivery())
        self.write({"preflight": found, "preflight_at": fields.Datetime.now()})

    # -- validate --------------------------------------------------------------------------------

    @api.depends("config_id.audience", "config_id.signers", "project_id", "provider", "mode")
    def _compute_alignment(self):
        for setup in self:
            if setup.mode == "pull":
                lines = [setup._key_line(), setup._listener_line()]
            else:
                lines = [setup._audience_line(), setup._signer_line()]
            setup.alignment = lines
            setup.is_aligned = all(one["state"] == "ok" for one in lines)

    def _audience_line(self):
        title, stored = self.env._("Audience"), self.config_id.audience
        if stored == self.endpoint:
            return line("audience", title, "ok", stored)
        return line(
            "audience",
            title,
            "failed" if stored else "warning",
            self.env._("Stored: %s", stored) if stored else self.env._("Not entered yet."),
            self.env._("The script makes tokens out to %s.", self.endpoint),
        )

    def _signer_line(self):
        title, signers = self.env._("Allowed signer"), self.config_id._signer_set()
        if self.signer in signers:
            return line("signer", title, "ok", ", ".join(sorted(signers)))
        return line(
            "signer",
            title,
            "failed" if signers else "warning",
            self.env._("Stored: %s", ", ".join(sorted(signers)))
            if signers
            else self.env._("Not entered yet."),
            self.env._("The script lets %s sign.", self.signer or ""),
        )

    def _key_line(self):
        title, account = self.env._("Key of the service account"), self.config_id.service_account
        if account == self.signer:
            return line("key", title, "ok", account, fixes=["check_pull"])
        return line(
            "key",
            title,
            "warning" if account else "failed",
            self.env._("Stored: %s", account) if account else self.env._("Not stored yet."),
            self.env._("The script leaves the key of %s in a file: upload it.", self.signer or ""),
            fixes=["settings"],
        )

    def _listener_line(self):
        config = self.config_id
        alive = config.listener_state == "alive"
        return line(
            "listener",
            self.env._("Listener"),
            "ok" if alive else "warning",
            config.listener_text or "",
            "" if alive else self.env._("Start it as a service: odoo-bin mailbox listen"),
        )

    def action_validate(self):
        """Store the audience and the signer that the script sets up, and say what changed. Signers
        that were allowed before stay."""
        self.ensure_one()
        self._check_manager()
        config = self.config_id
        if self.mode == "pull":
            raise UserError(self.env._("Notifications are fetched: there is nothing to align."))
        signers = config._signer_set()
        changes = []
        if config.audience != self.endpoint:
            before = config.audience or self.env._("nothing")
            detail = self.env._("%(old)s → %(new)s", old=before, new=self.endpoint)
            changes.append(line("audience", self.env._("Audience changed"), "ok", detail))
            config.audience = self.endpoint
        if self.signer not in signers:
            changes.append(line("signer", self.env._("Signer allowed"), "ok", self.signer))
            config.signers = "\n".join(sorted({*signers, self.signer}))
        if not changes:
            text = self.env._("Nothing had to change: audience and signer were right.")
            changes.append(line("same", text, "ok"))
        elif self.mailbox_id:
            self.mailbox_id._audit(
                "push.aligned", audience=config.audience, signers=sorted(config._signer_set())
            )
        self.changed = changes
        self.invalidate_recordset(["alignment", "is_aligned"])

    # -- register --------------------------------------------------------------------------------

    @api.depends("mailbox_id.push_state", "config_id", "step")
    def _compute_readiness(self):
        for setup in self:
            if not setup.mailbox_id:
                setup.readiness = [line("mailbox", self.env._("No mailbox is chosen."), "warning")]
                setup.is_ready = False
                continue
            blockers = setup.mailbox_id._push_blockers()
            setup.is_ready = not blockers
            setup.readiness = [
                line(word, sentence, "failed", fixes=_FIXES.get(word, ()))
                for word, sentence in blockers
            ] or [line("ready", self.env._("Nothing stands in the way."), "ok")]

    def action_register(self):
        """Watch the mailbox at the provider, or renew; then show whether a test mail comes
        through."""
        self.ensure_one()
        self._check_manager()
        answer = self._need_mailbox().action_push_enable()
        if self.mailbox_id.push_state == "active":
            self._go("test")
        return answer

    # -- test ------------------------------------------------------------------------------------

    def _compute_timeline(self):
        for setup in self:
            lines = []
            if setup.mailbox_id and setup.test_since:
                lines = push_timeline.checkpoints(setup.mailbox_id, setup.test_since)
            setup.timeline = lines
            setup.is_through = bool(lines) and all(one["state"] == "observed" for one in lines)

    def action_recheck(self):
        """Look again; the screen does so by itself every other second."""
        self.ensure_one()
        self._check_manager()

    def action_restart(self):
        """Forget what came so far and wait for another mail."""
        self.ensure_one()
        self._check_manager()
        self._go("test")

    def action_finish(self):
        """Back to the mailbox."""
        self.ensure_one()
        self._check_manager()
        action = self.env["ir.actions.act_window"]._for_xml_id("mailbox_sync.mailbox_action")
        if self.mailbox_id:
            action |= {
                "res_id": self.mailbox_id.id,
                "views": [(False, "form")],
                "view_mode": "form",
            }
        return {**action, "target": "main"}

    # -- buttons of lines ------------------------------------------------------------------------

    def action_fix(self, word):
        """Press the button ``word`` of a line: go to a step, or do something about the mailbox."""
        self.ensure_one()
        self._check_manager()
        steps = {"project", "cloud", "preflight", "validate", "register"}
        if word in steps:
            return self._go(word)
        mine = {
            "restart": self.action_restart,
            "settings": self._open_settings,
            "check_pull": self.config_id.action_check_pull,
        }
        if word in mine:
            return mine[word]()
        if word not in push_words.MAILBOX_FIXES:
            raise UserError(self.env._("There is no such step."))
        return getattr(self._need_mailbox(), push_words.MAILBOX_FIXES[word])()

    def _open_settings(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Push settings"),
            "res_model": "mailbox.push.config",
            "res_id": self.config_id.id,
            "views": [(False, "form")],
            "target": "new",
        }
