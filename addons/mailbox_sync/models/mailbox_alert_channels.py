"""How people learn of an alert: an activity for the owner, a message for the managers, calls of
other systems. Each in a job, so that none of them delays mail or each other."""

from markupsafe import Markup
from odoo import fields, models

from .. import hop_words, jobs
from ..options import option

_ACTIVITY = "mailbox_sync.activity_alert"
CHANNELS = ("owner", "managers", "webhook")


class MailboxAlert(models.Model):
    _inherit = "mailbox.alert"

    def _announce_soon(self, event):
        """``event``: ``raised`` or ``cleared``."""
        for alert in self:
            for channel in CHANNELS:
                key = f"alert:{alert.id}:{event}:{channel}"
                jobs.enqueue(alert, jobs.CARE, key)._job_announce(event, channel)

    def _job_announce(self, event, channel):
        """Job: tell by one channel. What is over before it was told need not be told."""
        self.ensure_one()
        if self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized"):
            return "this database is a neutralised copy"
        if event == "raised" and self.state == "cleared":
            return "over already"
        return getattr(self, f"_tell_{channel}")(event)

    # -- the owner ---------------------------------------------------------------------------------

    def _tell_owner(self, event):
        if event == "cleared":
            self._end_activity()
            return "activity done"
        # A lost sign-in has an activity of its own, with the button that mends it.
        if self.kind == "token" or option(self.env, "alert_owner") != "activity":
            return "no activity"
        owner = self.mailbox_id.owner_id
        alert = self.with_context(lang=owner.lang)
        self.activity_id = self.mailbox_id.activity_schedule(
            _ACTIVITY,
            summary=alert.display_name,
            note=f"{alert.cause} {alert.step}",
            user_id=owner.id,
        )
        return "activity made"

    def _end_activity(self):
        for alert in self.sudo():
            if alert.activity_id:
                words = (
                    self.env._("Over.")
                    if alert.state == "cleared"
                    else self.env._("Acknowledged by %s.", self.env.user.name)
                )
                alert.activity_id.action_feedback(feedback=words)

    # -- the managers ------------------------------------------------------------------------------

    def _tell_managers(self, event):
        way = option(self.env, "alert_managers")
        if way == "channel":
            return self._tell_discuss(event)
        if way != "notify":
            return "nobody"
        managers = self._managers()
        for lang in set(managers.mapped("lang")):
            people = managers.filtered(lambda person, lang=lang: person.lang == lang)
            alert = self.with_context(lang=lang)
            self.mailbox_id.with_context(lang=lang).message_notify(
                partner_ids=people.partner_id.ids,
                subject=alert._headline(event),
                body=alert._words(event),
            )
        return f"{len(managers)} told"

    def _tell_discuss(self, event):
        channel = (
            self.env["discuss.channel"].browse(int(option(self.env, "alert_channel") or 0)).exists()
        )
        if not channel:
            return "the channel is gone"
        channel.message_post(
            body=Markup("<b>%s</b><br/>%s") % (self._headline(event), self._words(event)),
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            author_id=self.env.ref("base.partner_root").id,
        )
        return "posted"

    def _managers(self):
        """Who administers mailboxes in the company of this one."""
        company = self.mailbox_id.company_id
        managers = self.env.ref("mailbox_sync.group_manager").all_user_ids
        return managers.filtered(
            lambda person: person.active and not person.share and company in person.company_ids
        )

    def _headline(self, event):
        return self.display_name if event == "raised" else self.env._("Over: %s", self.display_name)

    def _words(self, event):
        """What is said, as HTML."""
        if event == "cleared":
            took = (self.cleared_at or fields.Datetime.now()) - self.raised_at
            return Markup("<p>%s</p>") % self.env._(
                "It is over by itself or was mended; it lasted %s.",
                hop_words.span(self.env, took.total_seconds() * 1000),
            )
        return Markup("<p>%s</p><p>%s</p>") % (self.cause, self.step)
