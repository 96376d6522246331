"""Push without a public address: notifications are fetched, with the key of a service account.

The key is the one secret among the push settings: sealed like every other (``crypto.py``), shown to
nobody, and of no use to a copy of the database.
"""

import base64
import binascii
import logging

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import NO_ACCESS

from mailbox_core import registry
from mailbox_core.errors import ProviderError, Refused
from mailbox_core.net.service_account import ServiceAccount

from .. import conf, push_words
from ..engine.listener import Order
from .mailbox_push_config import RESOURCE

_logger = logging.getLogger(__name__)


class MailboxPushConfig(models.Model):
    _name = "mailbox.push.config"
    _inherit = ["mailbox.push.config", "mailbox.sealed.mixin"]
    _sealed_field = "service_key"

    queue_id = fields.Char(
        string="Pub/Sub subscription",
        default="mailbox-gmail-odoo",
        help="The pull subscription of the topic, without “projects/…”.",
    )
    queue = fields.Char(compute="_compute_queue", string="Full subscription name")
    service_key = fields.Text(string="Sealed Key", groups=NO_ACCESS, copy=False)
    service_key_database = fields.Char(groups=NO_ACCESS, copy=False)
    service_account = fields.Char(readonly=True, copy=False)
    service_key_id = fields.Char(string="Key ID", readonly=True, copy=False)
    new_service_key = fields.Text(
        string="Paste a key",
        compute="_compute_new_service_key",
        inverse="_inverse_new_service_key",
        help="The whole JSON file of the key. Stored encrypted and never shown again.",
    )
    new_service_key_file = fields.Binary(
        string="Upload a key",
        compute="_compute_new_service_key",
        inverse="_inverse_new_service_key_file",
        help="The JSON file of the key. Stored encrypted and never shown again.",
    )
    listener_ids = fields.One2many("mailbox.listener", "config_id", "Listeners")
    listener_state = fields.Char(compute="_compute_listener", compute_sudo=True)
    listener_text = fields.Char(compute="_compute_listener", compute_sudo=True, string="Listener")

    @api.depends("project_id", "queue_id")
    def _compute_queue(self):
        for config in self:
            names = config.project_id or "", config.queue_id or ""
            config.queue = "projects/{}/subscriptions/{}".format(*names)

    def _compute_new_service_key(self):
        self.new_service_key = False
        self.new_service_key_file = False

    def _inverse_new_service_key(self):
        for config in self.filtered("new_service_key"):
            config._set_service_key(config.new_service_key)

    def _inverse_new_service_key_file(self):
        for config in self.filtered("new_service_key_file"):
            try:
                text = base64.b64decode(config.new_service_key_file).decode()
            except (binascii.Error, UnicodeDecodeError):
                text = ""
            config._set_service_key(text)

    @api.depends("mode", "listener_ids.beat_at", "listener_ids.last_error")
    @api.depends_context("lang")
    def _compute_listener(self):
        for config in self:
            line = config.listener_ids[:1]
            config.listener_state = line._condition() if config.mode == "pull" else False
            config.listener_text = line._words() if config.mode == "pull" else False

    @api.constrains("queue_id", "mode")
    def _check_queue(self):
        for config in self.filtered(lambda config: config.mode == "pull"):
            if not RESOURCE.match(config.queue_id or ""):
                raise ValidationError(
                    self.env._(
                        "“%s” cannot be a subscription at Pub/Sub: 3 to 255 letters, digits and "
                        "-._~+%%, beginning with a letter, and not with “goog”. Leave out "
                        "“projects/…”.",
                        config.queue_id or "",
                    )
                )

    # -- the key ---------------------------------------------------------------------------------

    def _set_service_key(self, text):
        """Store a key file encrypted, after reading it. Raises UserError saying what is wrong."""
        self.ensure_one()
        try:
            account = ServiceAccount.parse(text or "")
        except Refused as error:
            raise UserError(error.detail) from error
        self._seal(account.dump())
        self.sudo().service_key_database = self.env["mailbox.credential"]._database_uuid()
        self.write({"service_account": account.email, "service_key_id": account.key_id})

    def _open_key(self):
        """The service account with its key; None without one, or in a copy of the database that
        stored it. Raises UserError when the key cannot be opened."""
        self.ensure_one()
        config, here = self.sudo(), self.env["mailbox.credential"]._database_uuid()
        if not config.service_key or config.service_key_database != here:
            return None
        return ServiceAccount.parse(config._open_secret())

    def action_forget_service_key(self):
        """Delete the stored key; it stays valid at Google until it is deleted there."""
        self.ensure_one()
        self.check_access("write")
        self.sudo().service_key = False
        self.write({"service_account": False, "service_key_id": False})

    # -- listening -------------------------------------------------------------------------------

    @api.model
    def _pull_orders(self):
        """What is to be listened to here; nothing in a copy, which would take the notifications of
        the database it was copied from."""
        if self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized"):
            return []
        found = self.sudo().search([("mode", "=", "pull"), ("service_key", "!=", False)])
        orders = [config._pull_order() for config in found]
        return [order for order in orders if order]

    def _pull_order(self):
        push = registry.spec(self.provider).push
        if push is None or push.pull is None:
            return None
        try:
            account = self._open_key()
        except UserError as error:
            _logger.error("%s cannot be listened to: %s", self.queue, error)
            return None
        company = self.company_id.id or None
        return account and Order(self.id, self.provider, company, self.queue, account)

    def action_check_pull(self):
        """Prove that the key signs in and may pull; takes no notification."""
        self.ensure_one()
        self.check_access("write")
        title = self.env._("Fetching notifications")
        try:
            account = self._open_key()
            if account is None:
                message = self.env._("No key of a service account is stored yet.")
                return self._told("warning", title, message)
            pull = registry.spec(self.provider).push.pull
            source = pull(account, self.queue, conf.endpoints())
            try:
                source.check()
            finally:
                source.close()
        except ProviderError as error:
            return self._told("danger", title, push_words.pull_trouble(self.env, error))
        message = self.env._(
            "%(account)s may pull from %(queue)s.", account=account.email, queue=self.queue
        )
        return self._told("success", title, message)

    def _told(self, kind, title, message):
        params = {"type": kind, "title": title, "message": message, "sticky": kind == "danger"}
        return {"type": "ir.actions.client", "tag": "display_notification", "params": params}
