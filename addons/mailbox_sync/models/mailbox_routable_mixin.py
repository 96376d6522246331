"""What makes a model a target of mail rules."""

from odoo import models

from ..routing import gateway, together


class MailboxRoutableMixin(models.AbstractModel):
    """Add it to a model with ``mail.thread``; then rules can open its records. All three steps can
    be overridden; ``mail`` is a ``routing.facts.Mail`` (the row, the parsed e-mail, the facts)."""

    _name = "mailbox.routable.mixin"
    _description = "Target of Mail Rules"

    #: Addons whose ``message_new``, ``message_update`` and ``message_post`` for this model look at
    #: nothing but their own mail, so that mails may be done side by side; where another addon
    #: overrides one of them each mail is done by itself.
    _mailbox_known = frozenset()
    #: Whether these addons leave the text of the mail alone: it is sanitised for the line only.
    _mailbox_leaves_text = False

    def _register_hook(self):
        super()._register_hook()
        if not self._abstract:
            together.hook(type(self))

    def _mailbox_find(self, mail):
        """A record this mail belongs to although nothing in it says so; none by default.

        Replies are found before any rule is asked and never come here.
        """
        return self.browse()

    def _mailbox_open_domain(self):
        """Which records are open, so that mail may still be added to them; all by default."""
        return []

    def _mailbox_values(self, mail):
        """Values that the mail itself suggests for a new record."""
        return {}

    def _mailbox_title_field(self):
        """The field that holds the subject."""
        return "name" if "name" in self._fields else self._rec_name

    def _mailbox_new(self, mail, values):
        """A new record from a mail, through ``message_new`` of the model; the mail is its first
        line."""
        return gateway.open_record(self.env, self._name, mail, values)

    def _mailbox_append(self, mail, quiet=False):
        """Add a mail to the record, through ``message_update`` and ``message_post``; returns the
        ``mail.message``. ``quiet``: as an internal note that reopens nothing."""
        self.ensure_one()
        return gateway.append(self, mail, quiet=quiet)

    def _mailbox_team_user(self):
        """The person to whom the rules of the record's team give it next; nobody by default."""
        return self.env["res.users"]
