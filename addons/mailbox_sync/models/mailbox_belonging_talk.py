"""The conversations themselves, when a person splits or merges them: the lists of mail follow, mail
that comes later obeys, and undoing puts back what stood before.
"""

from datetime import datetime

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..store import talks


class MailboxBelonging(models.Model):
    _inherit = "mailbox.belonging"

    @api.model
    def _change_talk(self, message, rows, scope, apart, into):
        """Split or merge conversations, as superuser; the values of the word that says so, with
        ``before`` for undoing. Raises UserError."""
        if into and scope == "all" and into != message.conversation_id:
            return self._bring_together(message.conversation_id, into)
        if apart and scope != "all" and message.conversation_id:
            return self._take_apart(message, rows, scope)
        return {}

    def _take_apart(self, message, rows, scope):
        talk = message.conversation_id
        there = message.search_count(
            [
                ("conversation_id", "=", talk.id),
                ("disposition", "=", "stored"),
                ("id", "not in", rows.ids),
            ],
            limit=1,
        )
        if not there:
            raise UserError(
                self.env._("Nothing would stay behind: it is the whole conversation already.")
            )
        side = talk.create(
            {
                "mailbox_id": talk.mailbox_id.id,
                "key": f"s:{message.remote_id}:{fields.Datetime.now().timestamp():.0f}",
                "split_of_id": (talk.split_of_id or talk).id,
                "split_since": message.date if scope == "later" else False,
            }
        )
        talks.shift(self.env, rows.ids, side.id)
        return {"talk": "split", "other_id": talk.id, "before": {"talk": {"from": talk.id}}}

    def _bring_together(self, talk, into):
        """Everything of ``talk`` goes into the conversation ``into``, which stays."""
        if talk.mailbox_id != into.mailbox_id:
            raise UserError(self.env._("Only conversations of one mailbox can be merged."))
        messages = self.env["mailbox.message"]
        mine = messages.search([("conversation_id", "=", talk.id)])
        all_of_it = [("conversation_id", "in", (talk | into).ids)]
        newest = messages.search(all_of_it, order="id DESC", limit=1)
        words = self.search([("conversation_id", "=", talk.id)])
        before = {
            "key": talk.key,
            "split_since": _text(talk.split_since),
            "split_of_id": talk.split_of_id.id,
            "messages": mine.ids,
            "until": newest.id,
            "words": words.ids,
            "sides": self.env["mailbox.conversation"].search([("split_of_id", "=", talk.id)]).ids,
        }
        talks.shift(self.env, mine.ids, into.id)
        words.conversation_id = into
        if into.split_of_id == talk:
            before["into_since"] = _text(into.split_since)
            into.write({"split_of_id": False, "split_since": False})
        # What was split from it stays apart from what it is in now.
        sides = talk.browse(before["sides"]) - into
        sides.split_of_id = into.split_of_id or into
        talk.unlink()
        return {"talk": "merge", "before": {"talk": before}}

    def _change_talk_back(self):
        """Undo what the word did to conversations, as superuser."""
        before = (self.before or {}).get("talk")
        if not before:
            return
        if self.talk == "split":
            self._join_again(before)
        else:
            self._part_again(before)

    def _join_again(self, before):
        side = self.conversation_id
        talk = side.browse(before["from"]).exists() or side.split_of_id
        if not talk or side == talk:
            return
        mine = self.env["mailbox.message"].search([("conversation_id", "=", side.id)])
        talks.shift(self.env, mine.ids, talk.id)
        self.search([("conversation_id", "=", side.id)]).conversation_id = talk
        side.unlink()

    def _part_again(self, before):
        into = self.conversation_id
        messages = self.env["mailbox.message"]
        there = messages.browse(before["messages"]).exists()
        mine = there.filtered(lambda one: one.conversation_id == into)
        later = talks.followers(self.env, into.id, mine.ids, before["until"])
        talk = into.create(
            {
                "mailbox_id": into.mailbox_id.id,
                "key": before["key"],
                "split_of_id": into.browse(before["split_of_id"] or ()).exists().id,
                "split_since": _moment(before["split_since"]),
            }
        )
        talks.shift(self.env, {*mine.ids, *later}, talk.id)
        self.browse(before["words"]).exists().conversation_id = talk
        into.browse(before["sides"]).exists().split_of_id = talk
        if "into_since" in before:
            into.split_since = _moment(before["into_since"])
        self.conversation_id = self.message_id.conversation_id


class MailboxConversation(models.Model):
    _inherit = "mailbox.conversation"

    link_ids = fields.One2many("mailbox.link", "conversation_id", readonly=True)
    may_decide = fields.Boolean(compute="_compute_may_decide")
    undo_id = fields.Many2one(
        "mailbox.belonging", compute="_compute_undo_id", string="What can be undone"
    )

    @api.depends_context("uid")
    def _compute_may_decide(self):
        for talk in self:
            talk.may_decide = talk.mailbox_id._is_editor()

    @api.depends("belonging_ids.undone_at")
    @api.depends_context("uid")
    def _compute_undo_id(self):
        words = self.env["mailbox.belonging"]
        for talk in self:
            domain = ["|", ("conversation_id", "=", talk.id), ("other_id", "=", talk.id)]
            last = words.search([*domain, ("undone_at", "=", False)], limit=1)
            talk.undo_id = last if last.can_undo else False

    def _first(self):
        """The mail by which people name a conversation. Raises UserError when it has none."""
        self.ensure_one()
        self.check_access("read")
        domain = [("conversation_id", "=", self.id), ("disposition", "=", "stored")]
        message = self.env["mailbox.message"].search(domain, order="date, id", limit=1)
        if not message:
            raise UserError(self.env._("This conversation has no mail any more."))
        return message

    def action_belongs(self):
        """Ask for the record that the conversation belongs to."""
        return self._first().action_belongs()

    def action_merge_with(self):
        """Ask for the conversation that this one belongs with; of several, the others go into the
        oldest."""
        firsts = self.env["mailbox.message"].union(*(talk._first() for talk in self))
        return firsts.action_merge_with()

    def action_undo(self):
        """Take back the last word about the conversation, and show what it is in then."""
        self.ensure_one()
        word = self.undo_id
        if not word:
            raise UserError(self.env._("There is nothing to undo."))
        word.action_undo()
        return self._show((self.exists() or word.message_id.conversation_id).id)

    def _show(self, talk_id):
        return {
            "type": "ir.actions.act_window",
            "res_model": "mailbox.conversation",
            "res_id": talk_id,
            "view_mode": "form",
        }


def _text(moment):
    """A time as JSON keeps it, to the microsecond: mail is told apart by it."""
    return moment.isoformat() if moment else False


def _moment(text):
    return datetime.fromisoformat(text) if text else False
