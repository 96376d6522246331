"""What the screens show of a mailbox, and the ways from it to its mail, runs and proofs."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools.misc import format_datetime, formatLang

from .. import event_words

_DAY = timedelta(days=1)


class Mailbox(models.Model):
    _inherit = "mailbox"

    may_read = fields.Boolean(compute="_compute_roles")
    may_share = fields.Boolean(compute="_compute_roles")
    is_manager = fields.Boolean(compute="_compute_roles")
    needs_signin = fields.Boolean(compute="_compute_needs_signin")
    unread_count = fields.Integer(compute="_compute_unread_count")
    units_today = fields.Integer(compute="_compute_units_today", string="Quota units in 24 hours")
    quota_text = fields.Char(compute="_compute_units_today", string="Quota")
    follow_text = fields.Char(compute="_compute_follow_text", string="New mail")
    parity_text = fields.Char(compute="_compute_parity")
    parity_level = fields.Selection(
        [
            ("none", "Never checked"),
            ("running", "Checking"),
            ("good", "Complete"),
            ("bad", "Incomplete"),
        ],
        compute="_compute_parity",
    )
    parity_at = fields.Datetime(compute="_compute_parity")

    @api.depends("owner_id", "reader_ids")
    @api.depends_context("uid")
    def _compute_roles(self):
        manager = self.env.user.has_group("mailbox_sync.group_manager")
        for mailbox in self:
            known = mailbox.sudo()
            owner = known.owner_id
            free = not mailbox.ids or not (known.message_count or known.stream_ids)
            mailbox.is_manager = manager
            mailbox.may_read = self.env.user in known.reader_ids
            mailbox.may_share = owner == self.env.user or (manager and (free or not owner.active))

    @api.depends("provider")
    def _compute_needs_signin(self):
        for mailbox in self:
            mailbox.needs_signin = bool(mailbox.provider and mailbox._spec().authorizer)

    @api.depends("folder_ids.unread_count")
    @api.depends_context("uid")
    def _compute_unread_count(self):
        # Record rules: who does not read the mailbox sees no folder, hence no figure.
        folders = self.env["mailbox.folder"].search(
            [("mailbox_id", "in", self.ids), ("role", "=", "inbox")]
        )
        unread = {folder.mailbox_id.id: folder.unread_count for folder in folders}
        for mailbox in self:
            mailbox.unread_count = unread.get(mailbox.id, 0)

    @api.depends("provider", "quota_profile")
    def _compute_units_today(self):
        since = fields.Datetime.now() - _DAY
        spent = dict(
            self.env["mailbox.run"]._read_group(
                [("mailbox_id", "in", self.ids), ("started_at", ">=", since)],
                ["mailbox_id"],
                ["units:sum"],
            )
        )
        for mailbox in self:
            mailbox.units_today = spent.get(mailbox, 0)
            per_minute = mailbox._quota_profile().units_per_minute_user if mailbox.provider else 0
            mailbox.quota_text = (
                self.env._(
                    "%(spent)s units in the last 24 hours; the provider allows %(limit)s a minute",
                    spent=formatLang(self.env, mailbox.units_today, digits=0),
                    limit=formatLang(self.env, per_minute, digits=0),
                )
                if per_minute
                else False
            )

    @api.depends("stream_ids.poll_seconds", "stream_ids.phase", "state")
    def _compute_follow_text(self):
        for mailbox in self:
            seconds = min(mailbox.stream_ids.mapped("poll_seconds"), default=0)
            live = seconds and mailbox.state in ("live", "importing", "waiting")
            if not live:
                mailbox.follow_text = self.env._("Not looked for")
            elif seconds < 90:
                mailbox.follow_text = self.env._("Looked for every %s seconds", seconds)
            else:
                mailbox.follow_text = self.env._("Looked for every %s minutes", round(seconds / 60))

    @api.depends("parity_ids.state", "parity_ids.unexplained")
    def _compute_parity(self):
        for mailbox in self:
            newest = mailbox.parity_ids[:1]
            done = mailbox.parity_ids.filtered(lambda line: line.state == "done")[:1]
            mailbox.parity_at = done.ended_at
            if newest.state == "running":
                mailbox.parity_level = "running"
                mailbox.parity_text = self.env._("Comparing with the provider…")
            elif done:
                mailbox.parity_level = "bad" if done.unexplained else "good"
                mailbox.parity_text = self.env._("%s unexplained", done.unexplained)
            else:
                mailbox.parity_level = "none"
                mailbox.parity_text = self.env._("Not compared with the provider yet")

    # -- settings ------------------------------------------------------------------------------

    def action_sync_since(self):
        """Quick choice: the number of days comes with the button, none for everything."""
        days = self.env.context.get("mailbox_days")
        today = fields.Date.context_today(self)
        self.write({"sync_since": today - timedelta(days=days) if days else False})

    # -- ways ----------------------------------------------------------------------------------

    def action_open_messages(self):
        """The mail of this mailbox."""
        return self._open("mailbox_sync.mailbox_message_action")

    def action_open_quarantine(self):
        """The messages of this mailbox that could not be stored."""
        return self._open("mailbox_sync.mailbox_message_action_quarantine")

    def action_open_runs(self):
        """What was done for this mailbox, and what came of it."""
        return self._open("mailbox_sync.mailbox_run_action")

    def action_open_events(self):
        """Who did what to this mailbox."""
        return self._open("mailbox_sync.mailbox_event_action")

    def action_open_parity(self):
        """The proofs of this mailbox."""
        return self._open("mailbox_sync.mailbox_parity_action")

    def _open(self, action):
        self.ensure_one()
        values = self.env["ir.actions.act_window"]._for_xml_id(action)
        one = {"search_default_mailbox_id": self.id, "mailbox_one": True, "mailbox_aside": True}
        return {**values, "context": one}


class MailboxFolder(models.Model):
    _inherit = "mailbox.folder"

    def action_toggle_synced(self):
        """Follow a folder, or no longer. Superuser after the check: rows are the engine's."""
        self.ensure_one()
        self.mailbox_id._check_operator()
        folder = self.sudo()
        folder.synced = not folder.synced


class MailboxParity(models.Model):
    _inherit = "mailbox.parity"

    @api.depends("mailbox_id", "started_at")
    @api.depends_context("lang", "tz")
    def _compute_display_name(self):
        for line in self:
            started = format_datetime(self.env, line.started_at, dt_format="short")
            line.display_name = f"{line.mailbox_id.display_name}, {started}"


class MailboxEvent(models.Model):
    _inherit = "mailbox.event"

    payload_text = fields.Char(compute="_compute_payload_text")
    kind_text = fields.Char(string="What", compute="_compute_kind_text")

    @api.depends("kind")
    @api.depends_context("lang")
    def _compute_kind_text(self):
        texts = event_words.kinds(self.env)
        for event in self:
            event.kind_text = texts.get(event.kind, event.kind)

    @api.depends("payload")
    def _compute_payload_text(self):
        for event in self:
            facts = event.payload or {}
            event.payload_text = ", ".join(
                f"{name}: {_plain(value)}" for name, value in facts.items() if value not in ("", [])
            )


def _plain(value):
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
