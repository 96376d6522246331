"""Where this Odoo's notifications come from and whose signature counts.

One per provider, or one per provider and company, like the client registration.
"""

import re
from urllib.parse import urlsplit

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError
from odoo.tools.urls import urljoin

from mailbox_core import registry

from .. import push_words
from ..push_desk import Accepted

_PROJECT = re.compile(r"^(?:[a-z][a-z0-9.-]*\.[a-z]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$")
RESOURCE = re.compile(r"^(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}$", re.IGNORECASE)
_SIGNER = re.compile(r"^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?@[a-z0-9-]+(?:\.[a-z0-9-]+)+$")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class MailboxPushConfig(models.Model):
    _name = "mailbox.push.config"
    _description = "Mailbox Push Settings"
    _rec_name = "topic"
    _order = "provider, company_id, id"

    provider = fields.Selection(selection="_selection_provider", required=True, default="gmail")
    company_id = fields.Many2one(
        "res.company", help="Empty: for every company that has no push settings of its own."
    )
    project_id = fields.Char(
        string="Cloud project", required=True, help="The project of the OAuth client."
    )
    topic_id = fields.Char(required=True, default="mailbox-gmail")
    topic = fields.Char(compute="_compute_topic", string="Full topic name")
    watched = fields.Selection(
        [("inbox", "The inbox"), ("everything", "The whole mailbox")],
        required=True,
        default="inbox",
        help="What is worth a notification; the rest is found by polling.",
    )
    mode = fields.Selection(
        [("webhook", "Google delivers to this Odoo"), ("pull", "This Odoo fetches them")],
        string="Notifications",
        required=True,
        default="webhook",
        help="Fetching needs no public address, but a listener: odoo-bin mailbox listen.",
    )
    endpoint = fields.Char(compute="_compute_endpoint", string="Address for notifications")
    audience = fields.Char(
        help="What the tokens are made out to; usually the address for notifications."
    )
    signers = fields.Text(
        string="Allowed signers",
        help="Addresses of the service accounts that may sign notifications, one a line.",
    )

    refused_count = fields.Integer(
        string="Refused notifications", readonly=True, help="As far as they were counted."
    )
    refused_at = fields.Datetime(string="Last refusal", readonly=True)
    refused_reason = fields.Char(readonly=True, help="A short stable word; nothing of the request.")
    refused_text = fields.Char(compute="_compute_refused_text", string="Why it was refused")

    _unit_unique = models.UniqueIndex(
        "(provider, COALESCE(company_id, 0))",
        "There are push settings of this provider and company already.",
    )

    @api.model
    def _selection_provider(self):
        return [(name, spec.label) for name, spec in registry.specs().items() if spec.push]

    @api.depends("project_id", "topic_id")
    def _compute_topic(self):
        for config in self:
            config.topic = f"projects/{config.project_id or ''}/topics/{config.topic_id or ''}"

    @api.depends("provider")
    def _compute_endpoint(self):
        for config in self:
            config.endpoint = self._address(config.provider)

    @api.depends("refused_reason")
    @api.depends_context("lang")
    def _compute_refused_text(self):
        for config in self:
            reason = config.refused_reason
            config.refused_text = push_words.refusal(self.env, reason)[0] if reason else False

    @api.constrains("project_id", "topic_id")
    def _check_names(self):
        for config in self:
            if not _PROJECT.match(config.project_id or ""):
                raise ValidationError(
                    self.env._(
                        "“%s” cannot be a Cloud project ID: 6 to 30 lower-case letters, digits and "
                        "hyphens, beginning with a letter. It is not the project's name or number.",
                        config.project_id,
                    )
                )
            if not RESOURCE.match(config.topic_id or ""):
                raise ValidationError(
                    self.env._(
                        "“%s” cannot be a topic at Pub/Sub: 3 to 255 letters, digits and -._~+%%, "
                        "beginning with a letter, and not with “goog”. Leave out “projects/…”.",
                        config.topic_id,
                    )
                )

    @api.constrains("project_id", "provider", "company_id")
    def _check_project(self):
        """Gmail publishes to topics of the OAuth client's own project, so that settings which share
        a client share the project."""
        for config in self:
            client = config._client()
            for other in self.sudo().search([("provider", "=", config.provider)]) - config:
                if (
                    client
                    and other._client().client_id == client.client_id
                    and other.project_id != config.project_id
                ):
                    raise ValidationError(
                        self.env._(
                            "The topic would be in project “%(new)s”, but other push settings use "
                            "the same OAuth client with project “%(old)s”. A client belongs to one "
                            "project, and the topic must be in it.",
                            new=config.project_id,
                            old=other.project_id,
                        )
                    )

    @api.constrains("audience", "signers")
    def _check_receiver(self):
        for config in self:
            audience = config.audience or ""
            if len(audience) > 512 or len(audience.split()) > 1:
                raise ValidationError(
                    self.env._("The audience is one word of at most 512 characters.")
                )
            for signer in config._signer_set():
                if not _SIGNER.match(signer):
                    raise ValidationError(
                        self.env._("“%s” is not the address of a service account.", signer)
                    )

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    def _client(self):
        """The OAuth client whose project must hold the topic; empty while none is registered."""
        company = self.company_id or self.env.company
        return self.env["mailbox.client"]._for(self.provider, company)

    def _signer_set(self):
        """Addresses as they stand in tokens."""
        return frozenset((self.signers or "").replace(",", " ").lower().split())

    def _is_complete(self):
        """Whether all is stored that notifications need, whichever way they come."""
        if self.mode == "pull":
            return bool(self.service_account)
        return bool(self.audience and self._signer_set())

    @api.model
    @tools.ormcache("provider")
    def _accepted(self, provider):
        """What the webhook answers to; settings without audience or signer do not count."""
        found = self.sudo().search([("provider", "=", provider), ("mode", "=", "webhook")])
        return tuple(
            Accepted(config.audience, config._signer_set(), config.company_id.id or None, config.id)
            for config in found
            if config.audience and config._signer_set()
        )

    @api.model
    def _for(self, provider, company):
        """The settings that mailboxes of a company use; empty when there are none."""
        found = self.sudo().search(
            [("provider", "=", provider), ("company_id", "in", [False, company.id])]
        )
        return found.sorted(lambda config: not config.company_id)[:1]

    @api.model
    def _address(self, provider):
        """Where the provider shall deliver."""
        base = self.env["ir.config_parameter"].sudo().get_param("web.base.url") or ""
        return urljoin(base, f"/mailbox/push/{provider}")

    def _is_reachable_in_principle(self):
        """Whether Google would deliver to the address: https; plain http on this machine only."""
        parts = urlsplit(self.endpoint or "")
        return parts.scheme == "https" or parts.hostname in _LOOPBACK
