"""Where other addons may step in while a mail is routed: before and after it is parsed, routed and
posted. Override, call ``super()``, give back what you got, changed or not.

Errors there are that mail's trouble only: it is tried alone, then it waits for a person with what
was said. See docs/how-to/add-a-route-target.md.
"""

from odoo import models


class MailboxMessage(models.Model):
    _inherit = "mailbox.message"

    def _before_parse(self, source):
        """The octets that are parsed for rules: of the header first, then of the whole mail if it
        is needed. What is stored stays as it came."""
        return source

    def _after_parse(self, email):
        """What was read (``mailbox_core.types.Email``, frozen: ``dataclasses.replace``); of the
        header first, then of the whole mail."""
        return email

    def _before_route(self, mail, routes):
        """The rules that are asked, in their order."""
        return routes

    def _before_post(self, mail, record, values):
        """The dictionary that ``message_new``, ``message_update`` and ``message_post`` of a record
        get, as Odoo's gateway makes it. ``record`` is empty when one is opened. Leave
        ``message_id``: replies are found by it."""
        return values

    def _after_post(self, mail, record, line):
        """The mail stands in the chatter of a record as ``line`` (``mail.message``)."""
