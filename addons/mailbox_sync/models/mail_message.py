"""Why a mail stands in a chatter, told to whoever reads it there.

Who may read the mailbox gets the whole argument. The others get what concerns this record: who or
what brought the mail, and what showed that it belongs here; nothing of other records, of rules
they may not see, or of the mail beyond what the chatter shows.
"""

from markupsafe import Markup
from odoo import models
from odoo.exceptions import AccessError


class MailMessage(models.Model):
    _inherit = "mail.message"

    def mailbox_why(self):
        """The answer to "why is this mail here?" as ``{"html", "message"}``; ``message`` is the
        id of the mailbox's message for those who may read it. Raises AccessError."""
        self.ensure_one()
        if not self.env.user._is_internal():
            raise AccessError(self.env._("Only people who work here can ask."))
        self.check_access("read")
        here = [("mail_message_id", "=", self.id)]
        links = self.env["mailbox.link"].sudo().search(here)
        logs = self.env["mailbox.log"].sudo().search(here)
        # The same mail may have come to several mailboxes: that which the person reads counts.
        rows = (links.message_id | logs.message_id).sudo(False)._filtered_access("read")
        if rows:
            return {"html": self._mailbox_argument(rows[0], logs[:1]), "message": rows[0].id}
        told = links[:1]._say_why() if links else [log._say_why() for log in logs[:1]]
        return {"html": _list(told or [self._mailbox_without()]), "message": False}

    def _mailbox_argument(self, row, log):
        """The whole argument, for readers of the mailbox."""
        decision = row.decision_ids
        text = Markup("<p>%s</p>") % decision.reason_text if decision else Markup("")
        lines = _list([log.sudo(False)._say_why()]) if log else Markup("")
        return text + lines + (decision.why_html or Markup(""))

    def _mailbox_without(self):
        return self.env._(
            "It came through Odoo's own gateway or was written here, not through a connected"
            " mailbox: the alias or the conversation it answers led it here."
        )


class MailboxLink(models.Model):
    _inherit = "mailbox.link"

    def _say_why(self):
        """What brought the mail to this record, a line each. Asked as superuser, told to those
        who may read the record only."""
        self.ensure_one()
        decision = self.message_id.decision_ids
        owner = self.mailbox_id.owner_id
        lines = [self._say_origin(decision)]
        for step in decision.steps or ():
            if step.get("stage") == "thread":
                same = (one for one in step["found"] if self._is_of(one))
                lines += [decision._say_candidate(one) for one in same]
        if self.origin != "rule" and decision.reason and decision.reason != "person":
            lines.append(decision.reason_text)
        lines.append(
            self.env._("It came to a mailbox of %s, who can tell the whole argument.", owner.name)
        )
        return lines

    def _is_of(self, candidate):
        return (candidate["model"], candidate["res_id"]) == (self.model, self.res_id)

    def _say_origin(self, decision):
        visible = self.route_id.sudo(False).has_access("read") if self.route_id else False
        if self.origin == "rule" and visible:
            return self.env._(
                "The rule “%(name)s” asks for such mail: %(condition)s",
                name=self.route_id.name,
                condition=self.route_id.condition_words,
            )
        if self.origin == "alias" and self.alias_id:
            return self.env._("It was sent to the alias %s.", self.alias_id.display_name)
        if self.origin == "person" and decision.decided_by:
            return self.env._("%s decided that it belongs here.", decision.decided_by.name)
        return {
            "rule": self.env._("A rule of that mailbox asks for such mail."),
            "alias": self.env._("It was sent to an alias."),
            "person": self.env._("A person decided that it belongs here."),
            "thread": self.env._("It belongs to the conversation of this record."),
            "copy": self.env._("The same mail came to another mailbox first, which led it here."),
        }[self.origin]


class MailboxLog(models.Model):
    _inherit = "mailbox.log"

    def _say_why(self):
        """Why a mail was logged on a contact."""
        policy = self.sudo().mailbox_id._fields["log_policy"]
        chosen = dict(policy._description_selection(self.env))
        return self.env._(
            "It was logged here, because the mailbox of %(owner)s keeps mail with contacts:"
            " %(policy)s.",
            owner=self.sudo().mailbox_id.owner_id.name,
            policy=chosen.get(self.sudo().mailbox_id.log_policy, ""),
        )


def _list(lines):
    items = Markup("").join(Markup("<li class='mb-1'>%s</li>") % line for line in lines if line)
    return Markup("<ul class='o_mailbox_why list-unstyled mb-2'>%s</ul>") % items
