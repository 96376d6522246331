"""A named container of a mailbox, with a role (RFC 6154) where the provider tells one."""

from odoo import api, fields, models

ROLES = [
    ("inbox", "Inbox"),
    ("sent", "Sent"),
    ("drafts", "Drafts"),
    ("archive", "Archive"),
    ("trash", "Trash"),
    ("junk", "Junk"),
    ("all", "All mail"),
    ("flagged", "Starred"),
    ("important", "Important"),
]


class MailboxFolder(models.Model):
    _name = "mailbox.folder"
    _description = "Mailbox Folder"
    _rec_name = "complete_name"
    _order = "mailbox_id, sequence, complete_name, id"

    mailbox_id = fields.Many2one("mailbox", required=True, ondelete="cascade", index=True)
    remote_id = fields.Char(required=True)
    name = fields.Char(required=True)
    complete_name = fields.Char(compute="_compute_complete_name", store=True, recursive=True)
    role = fields.Selection(ROLES)
    sequence = fields.Integer(default=50)
    parent_id = fields.Many2one("mailbox.folder", ondelete="set null", index="btree_not_null")
    child_ids = fields.One2many("mailbox.folder", "parent_id")
    synced = fields.Boolean(default=True)
    selectable = fields.Boolean(default=True)
    remote_total = fields.Integer(readonly=True, help="At the provider, when last asked.")
    remote_unread = fields.Integer(readonly=True)
    stored_count = fields.Integer(
        readonly=True, help="Without the deltas that are not folded in yet."
    )
    stored_unread = fields.Integer(readonly=True)
    message_count = fields.Integer(compute="_compute_counts")
    unread_count = fields.Integer(compute="_compute_counts")

    _remote_unique = models.Constraint(
        "UNIQUE (mailbox_id, remote_id)", "This folder is known already."
    )

    @api.depends("name", "parent_id.complete_name")
    def _compute_complete_name(self):
        for folder in self:
            parent = folder.parent_id
            folder.complete_name = (
                f"{parent.complete_name} / {folder.name}" if parent else folder.name
            )

    @api.depends("stored_count", "stored_unread")
    def _compute_counts(self):
        deltas = {
            folder.id: (messages, unread)
            for folder, messages, unread in self.env["mailbox.counter"]
            .sudo()
            ._read_group(
                [("folder_id", "in", self.ids)], ["folder_id"], ["messages:sum", "unread:sum"]
            )
        }
        for folder in self:
            messages, unread = deltas.get(folder.id, (0, 0))
            folder.message_count = folder.stored_count + messages
            folder.unread_count = folder.stored_unread + unread


class MailboxCounter(models.Model):
    """A change of a folder's counts that is not folded into it yet.

    People insert, pages fold in: a click never updates a row that a page job, whose snapshot is as
    old as its first network call, will want to update (that would abort the page).
    """

    _name = "mailbox.counter"
    _description = "Mailbox Counter Delta"
    _log_access = False

    folder_id = fields.Many2one("mailbox.folder", required=True, ondelete="cascade", index=True)
    messages = fields.Integer(required=True, default=0)
    unread = fields.Integer(required=True, default=0)
