"""One email of one mailbox, and the ledger line of every id the provider ever listed."""

import re

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL

#: A word of two letters and more at the end, with nothing before it but a space.
_LAST_WORD = re.compile(r"(?:^|\s)(\w{2,40})$")
_ALTERNATIVE = re.compile(r"\bor\b", re.IGNORECASE)

DISPOSITIONS = [
    ("listed", "Listed, to be fetched"),
    ("stored", "Stored"),
    ("filtered", "Left out by a rule"),
    ("quarantined", "Quarantined"),
    ("gone", "Gone at the provider"),
]


class MailboxMessage(models.Model):
    _name = "mailbox.message"
    _inherit = ["mailbox.export.mixin"]
    _description = "Mailbox Message"
    _rec_name = "subject"
    _order = "date DESC, id DESC"

    mailbox_id = fields.Many2one("mailbox", required=True, ondelete="cascade", readonly=True)
    stream_id = fields.Many2one("mailbox.stream", ondelete="set null", readonly=True)
    remote_id = fields.Char(required=True, readonly=True)
    conversation_id = fields.Many2one(
        "mailbox.conversation", ondelete="set null", index="btree_not_null", readonly=True
    )
    conversation_key = fields.Char(
        readonly=True, help="The provider's own name of the conversation."
    )
    conversation_evidence = fields.Selection(
        [
            ("provider", "Conversation of the provider"),
            ("message-id", "Same Message-ID"),
            ("references", "References"),
            ("subject", "Subject and people"),
        ],
        readonly=True,
        help="What showed that it belongs to its conversation; empty for the first of one.",
    )
    correspondents = fields.Text(
        readonly=True, help="Addresses and companies outside the mailbox, one a line."
    )
    is_outgoing = fields.Boolean(readonly=True, help="Sent from the mailbox's own address.")
    message_id = fields.Char(string="Message-ID", readonly=True)
    in_reply_to = fields.Char(readonly=True)
    reference_ids = fields.Text(string="References", readonly=True)
    fingerprint = fields.Char(readonly=True)
    duplicate_of_id = fields.Many2one(
        "mailbox.message", ondelete="set null", index="btree_not_null", readonly=True
    )
    date = fields.Datetime(readonly=True, help="When the provider received it.")
    header_date = fields.Datetime(readonly=True)
    from_name = fields.Char(readonly=True)
    from_email = fields.Char(readonly=True)
    to_text = fields.Text(readonly=True)
    cc_text = fields.Text(readonly=True)
    subject = fields.Char(readonly=True)
    snippet = fields.Char(readonly=True)
    size = fields.Integer(readonly=True)
    is_seen = fields.Boolean(readonly=True)
    is_flagged = fields.Boolean(readonly=True)
    is_answered = fields.Boolean(readonly=True)
    is_draft = fields.Boolean(readonly=True)
    is_important = fields.Boolean(readonly=True)
    has_attachment = fields.Boolean(readonly=True)
    automatic = fields.Char(readonly=True)
    defects = fields.Char(readonly=True)
    disposition = fields.Selection(DISPOSITIONS, required=True, default="listed", readonly=True)
    disposition_reason = fields.Char(readonly=True)
    is_held = fields.Boolean(readonly=True, help="The content was stored once.")
    flags_known = fields.Boolean(readonly=True)
    folders_known = fields.Boolean(readonly=True)
    absent_since = fields.Datetime(readonly=True, help="When its last placement ended.")
    is_stale = fields.Boolean(readonly=True, help="Flags and folders have to be asked for again.")
    lane = fields.Selection(
        [("new", "New"), ("history", "History")], default="history", readonly=True
    )
    generation = fields.Integer(readonly=True)
    attempts = fields.Integer(readonly=True)
    retry_at = fields.Datetime(readonly=True)
    raw_sha256 = fields.Char(readonly=True)
    raw_complete = fields.Boolean(readonly=True)
    raw_store = fields.Char(
        readonly=True, help="Key of the source in the raw store; empty: evicted."
    )
    placement_ids = fields.One2many("mailbox.placement", "message_id", readonly=True)
    attachment_ids = fields.One2many("mailbox.attachment", "message_id", readonly=True)
    # The rows of mailbox.placement, seen as a relation: lists can search and group by folder.
    folder_ids = fields.Many2many(
        "mailbox.folder",
        relation="mailbox_placement",
        column1="message_id",
        column2="folder_id",
        string="Folders",
        readonly=True,
        copy=False,
    )
    search_text = fields.Char(
        string="Words", compute="_compute_search_text", search="_search_search_text"
    )

    _remote_unique = models.Constraint(
        "UNIQUE (mailbox_id, remote_id)", "This message is known already."
    )
    _date_idx = models.Index("(mailbox_id, date DESC, id DESC)")
    # The list over all mailboxes of a reader: without it each page sorts all that he may read.
    _recent_idx = models.Index("(date DESC, id DESC) WHERE disposition = 'stored'")
    _message_id_idx = models.Index("(mailbox_id, message_id) WHERE message_id IS NOT NULL")
    _generation_idx = models.Index("(stream_id, generation)")
    _fingerprint_idx = models.Index("(mailbox_id, fingerprint) WHERE fingerprint IS NOT NULL")
    _waiting_idx = models.Index(
        "(stream_id, lane DESC, id) "
        "WHERE disposition = 'listed' OR (is_stale AND disposition = 'stored')"
    )
    _absent_idx = models.Index("(stream_id) WHERE absent_since IS NOT NULL")
    _quarantined_idx = models.Index("(mailbox_id, retry_at) WHERE disposition = 'quarantined'")
    _raw_idx = models.Index("(raw_sha256) WHERE raw_store IS NOT NULL")

    def init(self):
        # Managed by SQL alone: the ORM must neither read nor write it.
        self.env.cr.execute(
            """ALTER TABLE mailbox_message ADD COLUMN IF NOT EXISTS search_vector tsvector;
               CREATE INDEX IF NOT EXISTS mailbox_message_search_vector_idx
               ON mailbox_message USING gin (search_vector);
               ALTER TABLE mailbox_message ADD COLUMN IF NOT EXISTS conversation_buckets int8[];
               CREATE INDEX IF NOT EXISTS mailbox_message_conversation_buckets_idx
               ON mailbox_message USING gin (conversation_buckets) WITH (fastupdate = off)"""
        )

    def _compute_search_text(self):
        self.search_text = False

    def _search_search_text(self, operator, value):
        """Full text over subject, people and words, in the syntax of web search engines. The last
        word may be unfinished; "=" takes every word as it is."""
        if operator not in ("ilike", "like", "=") or not isinstance(value, str):
            return NotImplemented
        wanted = SQL("websearch_to_tsquery('simple', %s)", value)
        beginning = None if operator == "=" else _unfinished_word(value)
        if beginning:
            wanted = SQL(
                "(websearch_to_tsquery('simple', %s) && to_tsquery('simple', %s))",
                value.removesuffix(beginning),
                f"{beginning}:*",
            )
        return Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "%s @@ %s", SQL.identifier(alias, "search_vector"), wanted
            )
        )

    def _list_rows(self):
        """What a list shows of a message: small, for screens and notifications. Bodies come by
        request."""
        return [
            {
                "id": message.id,
                "conversation_id": message.conversation_id.id,
                "date": fields.Datetime.to_string(message.date),
                "from_name": message.from_name or "",
                "from_email": message.from_email or "",
                "subject": message.subject or "",
                "snippet": message.snippet or "",
                "is_seen": message.is_seen,
                "is_flagged": message.is_flagged,
                "has_attachment": message.has_attachment,
                "disposition": message.disposition,
                "folder_ids": message.placement_ids.folder_id.ids,
            }
            for message in self
        ]


def _unfinished_word(text):
    """The word that somebody may still be typing: the last one, unless it is part of a phrase, of
    an exclusion or of an alternative."""
    match = _LAST_WORD.search(text)
    simple = text.count('"') % 2 == 0 and not _ALTERNATIVE.search(text)
    return match[1] if match and simple else None
