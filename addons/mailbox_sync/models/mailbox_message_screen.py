"""What the screens show of a message beyond its columns. Reads only."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools.misc import format_datetime

from mailbox_core import registry
from mailbox_core.mime.parse import parse

from .. import header_words
from ..store.raw import RawMissing
from ..values import clean

#: A Date header that differs more from the provider's own clock is worth a word.
_WRONG_DATE = timedelta(days=1)
#: Bytes at the start of a source that hold its header in any sane mail.
_HEADER_BYTES = 256 * 1024
_NEIGHBOURS = 50
#: Characters of a search that are looked at.
_QUERY = 2000


class MailboxMessage(models.Model):
    _inherit = "mailbox.message"

    sender = fields.Char(string="From", compute="_compute_sender")
    sender_warning = fields.Char(compute="_compute_sender")
    date_warning = fields.Char(compute="_compute_date_warning")
    may_change = fields.Boolean(compute="_compute_may_change")
    automatic_text = fields.Char(string="Kind", compute="_compute_words")
    defect_text = fields.Text(string="Read with care", compute="_compute_words")
    header_data = fields.Json(compute="_compute_header_data")
    attachment_data = fields.Json(compute="_compute_attachment_data")
    conversation_data = fields.Json(compute="_compute_conversation_data")

    @api.depends("from_name", "from_email")
    def _compute_sender(self):
        for message in self:
            name, email = message.from_name or "", message.from_email or ""
            message.sender = name or email or self.env._("(no sender)")
            other = header_words.other_address(name, email)
            message.sender_warning = False
            if other:
                message.sender_warning = self.env._(
                    "The name shows the address %(shown)s, but the message comes from %(real)s.",
                    shown=other,
                    real=email or self.env._("an unknown sender"),
                )
            elif header_words.looks_foreign(email):
                message.sender_warning = self.env._(
                    "The sender's domain has letters that look like others. Read it closely."
                )

    @api.depends("date", "header_date", "defects")
    @api.depends_context("lang", "tz")
    def _compute_date_warning(self):
        for message in self:
            written = message.header_date
            message.date_warning = False
            if not written and message.date and "date" in (message.defects or "").split():
                message.date_warning = self.env._("The message's own date cannot be read.")
            elif written and message.date and abs(written - message.date) > _WRONG_DATE:
                message.date_warning = self.env._(
                    "The message says it was written on %s.", format_datetime(self.env, written)
                )

    @api.depends("mailbox_id.editor_ids", "mailbox_id.scope_profile")
    @api.depends_context("uid")
    def _compute_may_change(self):
        for message in self:
            mailbox = message.mailbox_id.sudo()
            message.may_change = (
                mailbox.scope_profile == "two_way" and self.env.user in mailbox.editor_ids
            )

    @api.depends("automatic", "defects")
    @api.depends_context("lang")
    def _compute_words(self):
        kinds, defects = self._automatic_words(), self._defect_words()
        for message in self:
            message.automatic_text = kinds.get(message.automatic or "", message.automatic)
            found = (message.defects or "").split()
            message.defect_text = "\n".join(defects.get(word, word) for word in found) or False

    def _automatic_words(self):
        return {
            "bounce": self.env._("Delivery failed"),
            "delay": self.env._("Delivery delayed"),
            "report": self.env._("Delivery or reading report"),
            "auto-reply": self.env._("Automatic reply"),
            "auto-generated": self.env._("Sent by a machine"),
            "list": self.env._("Mailing list"),
            "bulk": self.env._("Bulk mail"),
            "calendar": self.env._("Invitation"),
        }

    def _defect_words(self):
        return {
            "address": self.env._("An address could not be read exactly."),
            "body": self.env._("The text is very long and was cut; the source has all of it."),
            "boundary": self.env._("The borders between its parts are broken."),
            "charset": self.env._("Its character set was missing or wrong; letters may be wrong."),
            "content-type": self.env._("A part does not say clearly what it is."),
            "date": self.env._("The date is missing or cannot be read."),
            "depth": self.env._("Parts are nested too deeply; the innermost are not shown."),
            "duplicate-header": self.env._("A header that must be single comes more than once."),
            "encoding": self.env._("A part's encoding is damaged."),
            "epilogue": self.env._("There is text after its last part."),
            "from": self.env._("It has no sender, or several."),
            "headers": self.env._("A header is too long and was cut."),
            "line-ends": self.env._("Its line ends are mixed up."),
            "message-id": self.env._("The Message-ID is missing or damaged."),
            "parts": self.env._("It has too many parts; not all are listed."),
            "preamble": self.env._("There is text before its first part."),
            "references": self.env._("Its references to earlier messages are damaged."),
            "tnef": self.env._("It came as winmail.dat; the files in it are listed."),
        }

    def _search_search_text(self, operator, value):
        # A browser may send what PostgreSQL does not take (NUL, half a surrogate pair).
        wanted = clean(value, _QUERY) if isinstance(value, str) else value
        return super()._search_search_text(operator, wanted)

    # -- panels of the form --------------------------------------------------------------------

    @api.depends("raw_store")
    def _compute_header_data(self):
        for message in self:
            message.header_data = message._explain_headers()

    def _explain_headers(self):
        """The header in plain data for the panel, None when the source is not to be had."""
        self.ensure_one()
        if not self.ids:
            return False
        self.check_access("read")
        spec = registry.specs().get(self.mailbox_id.sudo().provider)
        try:
            source = self.sudo()._source()
        except RawMissing:
            return False
        email = parse(source[:_HEADER_BYTES])
        return header_words.explain(email.headers, spec.authserv_ids if spec else ())

    @api.depends(
        "attachment_ids.available", "attachment_ids.attachment_id", "attachment_ids.failure"
    )
    def _compute_attachment_data(self):
        for message in self:
            policy = message.mailbox_id.sudo().attachment_policy
            message.attachment_data = [
                {
                    "id": line.id,
                    "name": line.name or line.path,
                    "mimetype": line.mimetype or "",
                    "size": line.size,
                    "inline": line.inline,
                    "here": line.available or bool(line.attachment_id),
                    "never": policy == "never" and not line.available and not line.attachment_id,
                    "failure": line.failure or "",
                    "url": f"/mailbox/part/{message.id}/{line.path}",
                }
                for line in message.attachment_ids
            ]

    @api.depends("conversation_id")
    def _compute_conversation_data(self):
        for message in self:
            message.conversation_data = message._conversation_rows() if message.ids else []

    def _conversation_rows(self):
        """The other messages of the conversation, oldest first: at most the newest fifty."""
        self.ensure_one()
        if not self.conversation_id:
            return []
        rows = self.search(
            [("conversation_id", "=", self.conversation_id.id), ("disposition", "=", "stored")],
            limit=_NEIGHBOURS,
        )
        return [
            {
                "id": row.id,
                "sender": row.sender,
                "snippet": row.snippet or "",
                "date": fields.Datetime.to_string(row.date) if row.date else "",
                "is_seen": row.is_seen,
                "is_flagged": row.is_flagged,
                "has_attachment": row.has_attachment,
            }
            for row in reversed(rows)
        ]

    # -- buttons -------------------------------------------------------------------------------

    def action_mark_read(self):
        """For buttons, which pass no arguments."""
        self.action_set_seen(True)

    def action_mark_unread(self):
        """For buttons, which pass no arguments."""
        self.action_set_seen(False)

    def action_open_source(self):
        """Download the message as it was received."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/mailbox/source/{self.id}",
            "target": "download",
        }


class MailboxPlacement(models.Model):
    _inherit = "mailbox.placement"

    @api.model_create_multi
    def create(self, vals_list):
        placements = super().create(vals_list)
        self.env["mailbox.message"].invalidate_model(["folder_ids"])
        return placements

    def unlink(self):
        result = super().unlink()
        self.env["mailbox.message"].invalidate_model(["folder_ids"])
        return result
