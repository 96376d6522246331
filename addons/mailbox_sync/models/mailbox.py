"""One account's mail at one provider: settings, members, health."""

from odoo import api, fields, models
from odoo.fields import NO_ACCESS
from odoo.tools import config

from mailbox_core import registry

from .. import conf

STATES = [
    ("draft", "Not connected"),
    ("connecting", "Connecting"),
    ("importing", "Importing"),
    ("live", "Live"),
    ("waiting", "Waiting"),
    ("reconnect", "Reconnect needed"),
    ("paused", "Paused"),
    ("error", "Error"),
]


class Mailbox(models.Model):
    _name = "mailbox"
    _description = "Mailbox"
    _inherit = ["mail.thread", "mail.activity.mixin", "bus.listener.mixin"]
    _order = "name, id"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    provider = fields.Selection(selection="_selection_provider", required=True)
    address = fields.Char(
        required=True, help="The mail address this mailbox belongs to, in lower case."
    )
    owner_id = fields.Many2one(
        "res.users",
        required=True,
        default=lambda self: self.env.user,
        ondelete="restrict",
        tracking=True,
    )
    member_ids = fields.One2many("mailbox.member", "mailbox_id", string="Members")
    reader_ids = fields.Many2many(
        "res.users",
        "mailbox_reader_rel",
        "mailbox_id",
        "user_id",
        compute="_compute_people",
        store=True,
        string="Readers",
    )
    editor_ids = fields.Many2many(
        "res.users",
        "mailbox_editor_rel",
        "mailbox_id",
        "user_id",
        compute="_compute_people",
        store=True,
        string="Editors",
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    color = fields.Integer()

    # What the owner allows and wants
    scope_profile = fields.Selection(
        [("read", "Read only"), ("two_way", "Two-way"), ("send", "Send only")],
        required=True,
        default="read",
    )
    client_id = fields.Char(string="Client ID")
    sync_since = fields.Date(help="Older mail stays at the provider. Empty: everything.")
    folder_policy = fields.Selection(
        [
            ("default", "All folders but junk"),
            ("everything", "All folders"),
            ("selected", "Only the selected folders"),
        ],
        required=True,
        default="default",
    )
    exclude_query = fields.Char(
        help="In the provider's own search syntax; what it finds is not copied."
    )
    max_message_mb = fields.Float(string="Largest message (MB)", help="0 means no limit.")
    max_attachment_mb = fields.Float(string="Largest attachment (MB)", help="0 means no limit.")
    attachment_policy = fields.Selection(
        [("now", "With the message"), ("on_demand", "When opened"), ("never", "Never")],
        required=True,
        default="now",
    )
    poll_minutes = fields.Integer(
        default=0,
        help="Look at least this often. 0: as often as the mailbox's own traffic suggests.",
    )
    quiet_from = fields.Float(help="Hour of the day, in the owner's time zone.")
    quiet_to = fields.Float(help="Hour of the day. Equal to the start: no quiet hours.")
    after_sync = fields.Selection(
        [("leave", "Leave as it is"), ("read", "Mark as read"), ("archive", "Archive")],
        required=True,
        default="leave",
    )
    raw_retention_days = fields.Integer(
        help="The source of older mail is fetched again when needed. 0: keep."
    )
    quota_profile = fields.Char(
        help="Name of the provider's quota profile; empty: the strictest one."
    )

    # State, health, progress
    state = fields.Selection(STATES, compute="_compute_state", store=True, default="draft")
    paused = fields.Boolean(readonly=True)
    health_text = fields.Char(compute="_compute_health")
    breaker_until = fields.Datetime(readonly=True)
    breaker_reason = fields.Char(readonly=True)
    crash = fields.Char(
        readonly=True, help="Kind of the last surprise that ended a job; gone with the next step."
    )
    failures = fields.Integer(readonly=True, help="Failed calls in a row.")
    remote_total = fields.Integer(
        readonly=True, help="Messages at the provider when the import began."
    )
    import_total = fields.Integer(compute="_compute_progress")
    import_done = fields.Integer(compute="_compute_progress")
    import_started_at = fields.Datetime(readonly=True)
    import_ended_at = fields.Datetime(readonly=True)
    import_eta = fields.Datetime(compute="_compute_progress")
    import_progress = fields.Float(compute="_compute_progress")
    last_sync_at = fields.Datetime(readonly=True)
    lag_seconds = fields.Integer(compute="_compute_health")
    message_count = fields.Integer(readonly=True, help="Stored messages.")
    listed_count = fields.Integer(readonly=True)
    filtered_count = fields.Integer(readonly=True)
    quarantine_count = fields.Integer(readonly=True)
    gone_count = fields.Integer(readonly=True)

    folder_ids = fields.One2many("mailbox.folder", "mailbox_id")
    stream_ids = fields.One2many("mailbox.stream", "mailbox_id")
    credential_ids = fields.One2many("mailbox.credential", "mailbox_id", groups=NO_ACCESS)

    _address_unique = models.Constraint(
        "UNIQUE (provider, address, company_id)",
        "This address is connected already.",
    )

    @api.model
    def _selection_provider(self):
        """Providers to choose from. Hidden ones serve tests, and whoever sets hidden_providers in
        section [mailbox] of odoo.conf."""
        everything = config["test_enable"] or conf.option("hidden_providers")
        return [
            (name, entry.label)
            for name, entry in registry.specs().items()
            if everything or not entry.hidden
        ]

    @api.depends("owner_id", "member_ids.user_id", "member_ids.role")
    def _compute_people(self):
        for mailbox in self:
            readers = mailbox.member_ids.filtered(lambda line: line.role in ("reader", "editor"))
            editors = readers.filtered(lambda line: line.role == "editor")
            mailbox.reader_ids = mailbox.owner_id | readers.user_id
            mailbox.editor_ids = mailbox.owner_id | editors.user_id

    @api.depends(
        "active",
        "paused",
        "crash",
        "stream_ids.phase",
        "stream_ids.gate",
        "credential_ids.token_state",
    )
    def _compute_state(self):
        for mailbox in self:
            mailbox.state = mailbox._state_now()

    def _state_now(self):
        self.ensure_one()
        streams = self.stream_ids
        gates = set(streams.mapped("gate"))
        if streams and set(self.credential_ids.mapped("token_state")) == {"none"}:
            return "draft"
        if self.paused or gates == {"paused"}:
            return "paused"
        if "blocked" in gates or "reconnect" in self.credential_ids.mapped("token_state"):
            return "reconnect"
        if not streams:
            return "connecting" if self.credential_ids else "draft"
        if self.crash:
            return "error"
        if "waiting" in gates:
            return "waiting"
        return "live" if set(streams.mapped("phase")) == {"live"} else "importing"
