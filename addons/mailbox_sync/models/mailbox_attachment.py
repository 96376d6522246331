"""A non-body part of a message: listed at once, its bytes when needed."""

from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError

from mailbox_core.errors import NotFound, ProviderError
from mailbox_core.mime.parse import part_bytes
from mailbox_core.types import MessageRef, PartRef

from .. import jobs
from ..store.raw import RawMissing

#: Seconds between the tries of a part that could not be had, the last one repeated.
_RETRY_AFTER = (60, 600, 3600, 21600)
_TRIES = 6
_MEGABYTE = 1024 * 1024


class MailboxAttachment(models.Model):
    _name = "mailbox.attachment"
    _inherit = ["mailbox.export.mixin"]
    _description = "Mailbox Attachment"
    _order = "message_id, id"

    message_id = fields.Many2one("mailbox.message", required=True, ondelete="cascade", index=True)
    mailbox_id = fields.Many2one("mailbox", required=True, ondelete="cascade", index=True)
    path = fields.Char(required=True, help="Place in the MIME tree (RFC 3501 section 6.4.5).")
    name = fields.Char()
    mimetype = fields.Char()
    size = fields.Integer()
    content_id = fields.Char()
    inline = fields.Boolean()
    available = fields.Boolean(help="The bytes are in the stored source.")
    attempts = fields.Integer()
    failure = fields.Char()
    attachment_id = fields.Many2one("ir.attachment", ondelete="set null", index="btree_not_null")

    _path_unique = models.Constraint("UNIQUE (message_id, path)", "This part is known already.")

    def action_download(self):
        """Open the part as a file; fetches it first when it is still at the provider."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/mailbox/part/{self.message_id.id}/{self.path}",
            "target": "download",
        }

    def action_retry(self):
        """Try again to fetch parts that could not be had."""
        self.check_access("read")
        for line in self.sudo():
            line.write({"attempts": 0, "failure": False})
            line._fetch_soon()

    def _octets(self):
        """The decoded bytes: from the source, else from what was fetched before, else from the
        provider.

        Raises UserError when they cannot be had now; the mail stays and a job tries again.
        """
        self.ensure_one()
        self.check_access("read")
        line = self.sudo()
        if line.attachment_id:
            return line.attachment_id.raw or b""
        octets = line._from_source()
        if octets is None:
            try:
                octets = line._from_provider("interactive")
            except ProviderError as error:
                raise UserError(
                    self.env._(
                        "The provider did not hand over “%(name)s”: %(why)s",
                        name=self.name,
                        why=error.detail,
                    )
                ) from error
            line._keep(octets)
        return octets

    def _materialise(self):
        """The part as ``ir.attachment`` of its message; who may read the message may read it."""
        self.ensure_one()
        octets = self._octets()
        if not self.attachment_id:
            self.sudo()._keep(octets)
        return self.attachment_id

    def _from_source(self):
        """The bytes if the stored source has them, else None."""
        if not self.available:
            return None
        try:
            return part_bytes(self.message_id._source(), self.path)
        except (KeyError, RawMissing):
            return None

    def _from_provider(self, lane):
        """The bytes from the provider. Raises ProviderError, NotFound when the policy keeps the
        part there."""
        mailbox = self.mailbox_id
        if mailbox.attachment_policy == "never":
            raise NotFound(self.env._("attachments of this mailbox stay at the provider"))
        limit = mailbox.max_attachment_mb
        if limit and self.size > limit * _MEGABYTE:
            raise NotFound(self.env._("it is larger than this mailbox allows (%s MB)", limit))
        message = self.message_id
        ref = MessageRef(message.remote_id, message.conversation_key or None)
        return b"".join(mailbox._provider(lane).attachment(ref, PartRef(self.path)))

    def _keep(self, octets):
        self.attachment_id = self.env["ir.attachment"].create(
            {
                "name": self.name or self.path,
                "raw": octets,
                "mimetype": self.mimetype or "application/octet-stream",
                "res_model": "mailbox.message",
                "res_id": self.message_id.id,
            }
        )
        self.write({"failure": False, "size": len(octets)})

    # -- in the background ---------------------------------------------------------------------

    def _fetch_soon(self, seconds=0.0):
        for line in self:
            key = f"attachment:{line.id}" + (":later" if seconds else "")
            jobs.enqueue(line, jobs.CARE, key, seconds)._job_fetch()

    def _job_fetch(self):
        """Job: fetch a part that stayed at the provider. The mail is there whatever comes of it."""
        self.ensure_one()
        if self.attachment_id or self.mailbox_id._is_asleep():
            return "nothing to do"
        try:
            octets = self._from_provider("attachments")
        except ProviderError as error:
            return self._put_off(error)
        self._keep(octets)
        return f"{len(octets)} bytes"

    def _put_off(self, error):
        attempts = self.attempts + 1
        self.write({"attempts": attempts, "failure": error.detail or type(error).__name__})
        if isinstance(error, NotFound) or attempts >= _TRIES:
            return "given up"
        wait = _RETRY_AFTER[min(attempts, len(_RETRY_AFTER)) - 1]
        self._fetch_soon(wait)
        return f"again in {timedelta(seconds=wait)}"
