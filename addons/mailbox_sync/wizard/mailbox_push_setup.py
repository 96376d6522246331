"""Set up push: six steps from a Cloud project to a message that is seen arriving.

For managers only. What counts is stored in ``mailbox.push.config`` and ``mailbox.subscription``;
this form only leads there, so that it may be left and opened again at any step.
"""

import base64
import re

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from mailbox_core import registry
from mailbox_core.contract import PushSetup

from .. import push_words

STEPS = [
    ("project", "Project & topic"),
    ("cloud", "Google Cloud"),
    ("preflight", "Preflight"),
    ("validate", "Validate"),
    ("register", "Register"),
    ("test", "Realtime test"),
]
_ORDER = [name for name, _label in STEPS]
_STORED = ("project_id", "topic_id", "watched", "mode")
_FULL_TOPIC = re.compile(r"^/*projects/([^/]+)/topics/([^/]+)/*$")


class MailboxPushSetup(models.TransientModel):
    _name = "mailbox.push.setup"
    _inherit = "mailbox.form"
    _description = "Set up Push"

    step = fields.Selection(STEPS, required=True, default="project", readonly=True)
    mailbox_id = fields.Many2one(
        "mailbox", ondelete="cascade", domain=lambda self: [("provider", "in", self._providers())]
    )
    provider = fields.Selection(
        selection=lambda self: self.env["mailbox.push.config"]._selection_provider(),
        required=True,
        default=lambda self: self._providers()[0],
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, readonly=True
    )
    config_id = fields.Many2one("mailbox.push.config", compute="_compute_config")
    project_id = fields.Char(string="Cloud project")
    topic_id = fields.Char(default="mailbox-gmail")
    watched = fields.Selection(
        selection=lambda self: self.env["mailbox.push.config"]._fields["watched"].selection,
        string="Worth a notification",
        required=True,
        default="inbox",
    )
    mode = fields.Selection(
        selection=lambda self: self.env["mailbox.push.config"]._fields["mode"].selection,
        string="Notifications",
        required=True,
        default="webhook",
        help="Fetching needs no public address, but a listener: odoo-bin mailbox listen.",
    )
    shared_text = fields.Char(compute="_compute_shared")
    client_text = fields.Char(compute="_compute_client")
    topic = fields.Char(compute="_compute_cloud", string="Full topic name")
    endpoint = fields.Char(compute="_compute_cloud", string="Address for notifications")
    signer = fields.Char(compute="_compute_cloud", string="Service account")
    script = fields.Text(compute="_compute_script")
    script_file = fields.Binary(compute="_compute_script_file")
    script_name = fields.Char(compute="_compute_script")

    @api.depends_context("lang")
    def _compute_display_name(self):
        self.display_name = self.env._("Set up push")

    # -- opening ---------------------------------------------------------------------------------

    @api.model
    def _providers(self):
        found = [name for name, spec in registry.specs().items() if spec.push and spec.push.cloud]
        return found or [""]

    @api.model
    def _check_manager(self):
        if not self.env.su and not self.env.user.has_group("mailbox_sync.group_manager"):
            raise AccessError(push_words.blocker(self.env, "manager"))

    @api.model
    def _open_for(self, mailbox):
        """The form, at the step where this mailbox stands; ``mailbox`` may be empty."""
        self._check_manager()
        if not mailbox:
            domain = [
                ("provider", "in", self._providers()),
                ("company_id", "=", self.env.company.id),
            ]
            found = self.env["mailbox"].search(domain, limit=2)
            mailbox = found if len(found) == 1 else found.browse()
        values = {"mailbox_id": mailbox.id}
        if mailbox:
            values |= {"provider": mailbox.provider, "company_id": mailbox.company_id.id}
        made = self.create(values)
        made._load_config()
        made.step = made._where()
        made._enter()
        return made._show()

    def _show(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Set up push"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "current",
        }

    @api.model_create_multi
    def create(self, vals_list):
        self._check_manager()
        return super().create(vals_list)

    @api.depends("provider", "company_id")
    def _compute_config(self):
        for setup in self:
            found = self.env["mailbox.push.config"]._for(setup.provider, setup.company_id)
            setup.config_id = found.with_user(self.env.user).sudo(self.env.su)

    def _load_config(self):
        config = self.config_id
        if config:
            self.write({name: config[name] for name in ("project_id", "topic_id", "watched")})

    def _where(self):
        """The first step that is not done."""
        config = self.config_id
        if not config:
            return "project"
        if self.mailbox_id.push_state not in (False, "off"):
            return "test"
        if not config._is_complete():
            return "cloud"
        return "preflight"

    @api.onchange("mailbox_id")
    def _onchange_mailbox_id(self):
        if self.mailbox_id:
            self.provider = self.mailbox_id.provider
            self.company_id = self.mailbox_id.company_id

    # -- what the steps show ---------------------------------------------------------------------

    @api.depends("config_id", "mailbox_id")
    def _compute_shared(self):
        for setup in self:
            others = self.env["mailbox"].search([("provider", "=", setup.provider)])
            others = others.filtered(
                lambda mailbox, mine=setup: (
                    mailbox != mine.mailbox_id
                    and mine.config_id
                    and mailbox._push_config() == mine.config_id.sudo()
                )
            )
            setup.shared_text = ", ".join(others[:5].mapped("address")) + (
                self.env._(" and %s more", len(others) - 5) if len(others) > 5 else ""
            )

    def _cloud(self):
        return registry.spec(self.provider).push.cloud

    def _client_project(self):
        """The number of the project that the OAuth client belongs to; empty when unknown."""
        client = self.env["mailbox.client"]._for(self.provider, self.company_id)
        return self._cloud().client_project(self.mailbox_id.client_id or client.client_id or "")

    @api.depends("provider", "company_id", "mailbox_id")
    def _compute_client(self):
        for setup in self:
            number = setup._client_project()
            setup.client_text = number and self.env._(
                "The OAuth client belongs to project number %s; the script makes sure that it is "
                "this one.",
                number,
            )

    @api.depends("project_id", "topic_id", "provider", "mode")
    def _compute_cloud(self):
        configs = self.env["mailbox.push.config"]
        for setup in self:
            project = setup.project_id or ""
            setup.topic = f"projects/{project}/topics/{setup.topic_id or ''}"
            setup.endpoint = configs._address(setup.provider)
            setup.signer = setup._cloud().account(project, setup._delivery()) if project else False

    def _delivery(self):
        return "pull" if self.mode == "pull" else "push"

    def _subscription(self):
        """What the subscription is called: of the topic, so that several may live in a project."""
        return f"{self.topic_id or ''}-odoo"

    def _setup(self):
        return PushSetup(
            project=self.project_id or "",
            topic=self.topic_id or "",
            subscription=self._subscription(),
            endpoint=self.endpoint,
            audience=self.endpoint,
            client_project=self._client_project(),
            delivery=self._delivery(),
        )

    @api.depends("project_id", "topic_id", "provider", "mode", "company_id")
    def _compute_script(self):
        for setup in self:
            setup.script = setup.project_id and setup._cloud().script(setup._setup())
            setup.script_name = setup._cloud().file_name(setup._setup())

    @api.depends("script")
    def _compute_script_file(self):
        for setup in self:
            setup.script_file = base64.b64encode((setup.script or "").encode())

    def action_download(self):
        """The script as a file."""
        self.ensure_one()
        self._check_manager()
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content?model={self._name}&id={self.id}&field=script_file"
            "&filename_field=script_name&download=true",
            "target": "download",
        }

    # -- from step to step -----------------------------------------------------------------------

    def write(self, vals):
        self._check_manager()
        if any(vals.get("step") in _ORDER[1:] and not setup.config_id for setup in self):
            raise UserError(self.env._("Enter project and topic first."))
        return super().write(vals)

    def action_continue(self):
        """Finish this step and show the next."""
        self.ensure_one()
        self._check_manager()
        if self.step == "project":
            self._save_config()
        if self.step == "register" and self.mailbox_id.push_state in (False, "off"):
            raise UserError(self.env._("Register the watch first; the test needs it."))
        self._go(_ORDER[min(_ORDER.index(self.step) + 1, len(_ORDER) - 1)])

    def action_back(self):
        """Show the step before."""
        self.ensure_one()
        self._check_manager()
        self._go(_ORDER[max(_ORDER.index(self.step) - 1, 0)])

    def _go(self, step):
        self.step = step
        self._enter()

    def _enter(self):
        """What a step does when it is opened; see ``mailbox_push_setup_steps``."""

    def _save_config(self):
        """Store project and topic; the settings check their form. Raises ValidationError, and
        UserError for a topic in another project."""
        values = {
            "project_id": (self.project_id or "").strip(),
            "topic_id": self._bare_topic(),
            "watched": self.watched,
            "mode": self.mode,
        }
        self.write(values)
        values["queue_id"] = self._subscription()
        config = self.config_id
        if config:
            config.write({name: value for name, value in values.items() if config[name] != value})
        else:
            config.create({"provider": self.provider, **values})
        self.invalidate_recordset(["config_id"])

    def _bare_topic(self):
        """The topic without ``projects/…/topics/``, which people copy along."""
        topic = (self.topic_id or "").strip()
        full = _FULL_TOPIC.match(topic)
        if not full:
            return topic
        if full[1] != (self.project_id or "").strip():
            raise UserError(
                self.env._(
                    "This topic is in project “%(other)s”, not in “%(project)s”. Gmail publishes "
                    "to topics of the OAuth client's own project only: make the topic there.",
                    other=full[1],
                    project=self.project_id or "",
                )
            )
        return full[2]


class Mailbox(models.Model):
    _inherit = "mailbox"

    def action_push_setup(self):
        """Open the assistant for this mailbox."""
        self.ensure_one()
        self.check_access("read")
        return self.env["mailbox.push.setup"]._open_for(self)
