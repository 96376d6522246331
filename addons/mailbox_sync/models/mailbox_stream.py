"""The unit that owns one cursor: a whole mailbox, or one folder of it."""

from odoo import fields, models


class MailboxStream(models.Model):
    _name = "mailbox.stream"
    _description = "Mailbox Stream"
    _rec_name = "kind"
    _order = "mailbox_id, id"

    mailbox_id = fields.Many2one("mailbox", required=True, ondelete="cascade", index=True)
    kind = fields.Selection([("mail", "Mail")], required=True, default="mail")
    folder_id = fields.Many2one("mailbox.folder", ondelete="cascade", index="btree_not_null")
    phase = fields.Selection(
        [("new", "New"), ("snapshot", "Importing"), ("live", "Live")], required=True, default="new"
    )
    gate = fields.Selection(
        [("open", "Open"), ("waiting", "Waiting"), ("blocked", "Blocked"), ("paused", "Paused")],
        required=True,
        default="open",
    )
    gate_until = fields.Datetime()
    gate_reason = fields.Char()
    cursor = fields.Text()
    resume = fields.Text()
    generation = fields.Integer(required=True, default=0)
    attempts = fields.Integer(required=True, default=0)
    version = fields.Integer(required=True, default=0, help="Grows with every step: compare-and-set.")
    hints = fields.Integer(required=True, default=0, help="Hints and polls so far.")
    answered = fields.Integer(required=True, default=0, help="Hints that a look has covered.")
    draining = fields.Boolean(help="The last live page promised more.")
    echoes = fields.Integer(required=True, default=0, help="Looks still owed to a push that found nothing.")
    look_at = fields.Datetime()
    looks = fields.Integer(required=True, default=0, help="Live looks since the last step of history.")
    due_at = fields.Datetime(default=fields.Datetime.now)
    last_success_at = fields.Datetime()
    poll_seconds = fields.Integer(required=True, default=60)

    _unit_unique = models.UniqueIndex("(mailbox_id, kind, COALESCE(folder_id, 0))")
    _due_idx = models.Index("(due_at) WHERE gate IN ('open', 'waiting')")


class MailboxHint(models.Model):
    """A note that something changed, not yet counted on its stream.

    A row of its own: an update of the stream would abort the page job that is under way, whose snapshot is
    as old as its first network call.
    """

    _name = "mailbox.hint"
    _description = "Mailbox Hint"
    _log_access = False

    stream_id = fields.Many2one("mailbox.stream", required=True, ondelete="cascade", index=True)
    source = fields.Selection([("push", "Push"), ("poll", "Poll")], required=True, default="poll")
    trigger = fields.Char()
    at = fields.Datetime(required=True, default=fields.Datetime.now)
