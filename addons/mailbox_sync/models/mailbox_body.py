"""The sanitised body: made on first need, evictable; and the source it is made from."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from mailbox_core.errors import ProviderError
from mailbox_core.mime.body import html_to_text
from mailbox_core.mime.parse import parse
from mailbox_core.types import Content, MessageRef

from ..body_html import safe_html
from ..store import sql
from ..store.raw import RawMissing, RawStore
from ..values import clean

#: Characters of plain text that are kept for reading.
_TEXT_CHARACTERS = 2_000_000
_KEPT = 20_000


class MailboxBody(models.Model):
    _name = "mailbox.body"
    _description = "Mailbox Body"

    message_id = fields.Many2one("mailbox.message", required=True, ondelete="cascade")
    mailbox_id = fields.Many2one("mailbox", required=True, ondelete="cascade", index=True)
    # A text field on purpose: the value is sanitised once, by us, and must not be altered again.
    html = fields.Text()
    text = fields.Text()
    has_remote = fields.Boolean(help="Remote images were held back.")
    made_at = fields.Datetime()

    _message_unique = models.Constraint("UNIQUE (message_id)", "A message has one body.")

    def _keep(self, values):
        """Store a body and return it. Somebody may have made it meanwhile: then PostgreSQL asks for
        the transaction to begin again, which Odoo does by itself."""
        names = dict.fromkeys(values)
        self.env.cr.execute(
            SQL(
                "INSERT INTO mailbox_body (create_date, write_date, %s) VALUES (%s, %s, %s)"
                " ON CONFLICT (message_id) DO NOTHING",
                sql.identifiers(names),
                values["made_at"],
                values["made_at"],
                SQL(", ").join(SQL("%s", value or None) for value in values.values()),
            )
        )
        return self.search([("message_id", "=", values["message_id"])])

    @api.autovacuum
    def _gc_bodies(self):
        """Keep the bodies that were made last; the others are made again when somebody opens
        them."""
        self.env.cr.execute(
            """DELETE FROM mailbox_body WHERE id IN (
                   SELECT id FROM mailbox_body ORDER BY made_at DESC OFFSET %s)""",
            [_KEPT],
        )


class MailboxMessage(models.Model):
    _inherit = "mailbox.message"

    def _body(self):
        """The message's ``mailbox.body``, made if need be. Raises UserError when its source cannot
        be had."""
        self.ensure_one()
        self.check_access("read")
        message = self.sudo()
        body = self.env["mailbox.body"].sudo().search([("message_id", "=", self.id)])
        if not body:
            try:
                email = parse(message._source())
            except RawMissing as error:
                raise UserError(
                    self.env._("The source of this message cannot be had now: %s", error)
                ) from error
            body = body._keep(message._body_values(email))
        return body.with_user(self.env.user).sudo(self.env.su)

    def _body_values(self, email):
        parts = {part.content_id: part.ref.path for part in email.parts if part.content_id}
        safe = safe_html(
            email.html, {cid: f"/mailbox/part/{self.id}/{path}" for cid, path in parts.items()}
        )
        text = email.text or (html_to_text(email.html) if email.html else "")
        return {
            "message_id": self.id,
            "mailbox_id": self.mailbox_id.id,
            "html": clean(safe.html) or False,
            "text": clean(text, _TEXT_CHARACTERS),
            "has_remote": safe.has_remote,
            "made_at": fields.Datetime.now(),
        }

    def get_body(self):
        """For screens: sanitised HTML (remote images held back in ``data-mailbox-src``), text, and
        parts."""
        self.ensure_one()
        body = self._body()
        return {
            "html": body.html or "",
            "text": body.text or "",
            "has_remote": body.has_remote,
            "attachments": [
                {
                    "id": line.id,
                    "name": line.name or "",
                    "mimetype": line.mimetype or "",
                    "size": line.size,
                    "path": line.path,
                    "inline": line.inline,
                    "url": f"/mailbox/part/{self.id}/{line.path}",
                    "failure": line.failure or "",
                }
                for line in self.attachment_ids
            ],
        }

    def _source(self):
        """The raw bytes; fetched again when they were evicted. Raises RawMissing."""
        self.ensure_one()
        store = RawStore.of(self.env.cr)
        if self.raw_store:
            try:
                return store.get(self.raw_store)
            except RawMissing:
                if self.disposition != "stored":
                    raise
        return self._fetch_source(store)

    def _fetch_source(self, store):
        """Ask the provider for the source of a message whose own copy is gone, and keep it
        again."""
        mailbox = self.mailbox_id
        if self.disposition != "stored" or mailbox._is_asleep():
            raise RawMissing(self.env._("there is no copy here"))
        ref = MessageRef(self.remote_id, self.conversation_key or None)
        try:
            answers = list(mailbox._provider("interactive").fetch([ref], mailbox._fetch_depth()))
        except ProviderError as error:
            raise RawMissing(error.detail) from error
        for answer in answers:
            if isinstance(answer, Content):
                digest, key = store.put(answer.raw)
                self.write(
                    {"raw_store": key, "raw_sha256": digest, "raw_complete": answer.complete}
                )
                return answer.raw
        raise RawMissing(self.env._("the provider does not have it any more"))
