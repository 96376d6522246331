from datetime import timedelta
from itertools import permutations
from unittest.mock import patch

from odoo.tests.common import tagged

from mailbox_core.testing.world import EPOCH, capabilities

from ..store.conversations import Conversations
from .common import MailboxCase

#: A thread with two customers, an answer of ours, one from another address, one that names nothing,
#: and a mail of a third company that names an id it cannot know. (name, minute, from, to, cc,
#: subject, names)
THREAD = (
    ("question", 1, "ann@shop.example", "{own}", "", "Broken lamp", ()),
    ("answer", 2, "{own}", "ann@shop.example", "", "Re: Broken lamp", ("question",)),
    ("private", 3, "ann@gmx.net", "{own}", "", "AW: Broken lamp", ("answer",)),
    ("colleague", 4, "bob@shop.example", "{own}", "", "Re: Broken lamp", ("question", "answer")),
    ("forged", 5, "eve@evil.example", "{own}", "", "Re: Broken lamp", ("question",)),
    ("nameless", 6, "ann@shop.example", "{own}", "", "Re: Broken lamp", ()),
)


@tagged("post_install", "-at_install")
class TestConversations(MailboxCase):
    def arrive(self, world, line):
        name, minute, sender, to, cc, subject, names = line
        head = [
            f"Message-ID: <{name}@mail.example>",
            f"From: {sender}".format(own=world.address),
            f"To: {to}".format(own=world.address),
            f"Subject: {subject}",
        ]
        head += [f"Cc: {cc}"] if cc else []
        if names:
            ids = [f"<{one}@mail.example>" for one in names]
            head += [f"In-Reply-To: {ids[-1]}", f"References: {' '.join(ids)}"]
        raw = "\n".join([*head, "", f"Text of {name}", ""]).encode()
        return world.deliver(raw=raw, received_at=EPOCH + timedelta(minutes=minute))

    def world_of(self, address, keys, page=100):
        able = capabilities(conversations=keys, page_limit=page)
        return self.make_mailbox(address, world={"capabilities": able})

    def grouping(self, mailbox):
        """What a person sees: who is with whom, under which subject, since when, how many."""
        self.assert_counted(mailbox)
        shown = set()
        for one in self.env["mailbox.conversation"].search([("mailbox_id", "=", mailbox.id)]):
            names = one.message_ids.mapped("message_id")
            if names:
                facts = (one.subject, one.first_date, one.last_date, one.message_count)
                shown.add((frozenset(names), *facts))
        return shown

    def test_the_order_of_arrival_does_not_matter(self):
        wanted = [("question", "answer", "private", "colleague", "nameless"), ("forged",)]
        orders = list(permutations(THREAD))[::31]
        seen = []
        for number, order in enumerate(orders):
            for keys in (True, False):
                mailbox, world = self.world_of(f"a{number}{int(keys)}@example.org", keys)
                self.arrive(world, order[0])
                self.start(mailbox)
                for line in order[1:]:
                    self.arrive(world, line)
                    self.look(mailbox)
                seen.append(self.grouping(mailbox))
        mailbox, world = self.world_of("once@example.org", False)
        for line in THREAD:
            self.arrive(world, line)
        self.start(mailbox)
        seen.append(self.grouping(mailbox))
        expected = {frozenset(f"{name}@mail.example" for name in names) for names in wanted}
        for shown in seen:
            found = {frozenset(one.strip("<>") for one in names) for names, *_facts in shown}
            if any("forged@mail.example" in names and len(names) > 1 for names in found):
                # The provider itself put the forged mail into the thread: its word counts.
                self.assertEqual(len(found), 1)
                continue
            self.assertEqual(found, expected)
        without_keys = seen[1::2]
        self.assertGreater(len(without_keys), 10)
        self.assertTrue(all(shown == seen[-1] for shown in without_keys))

    def test_a_message_that_belongs_to_two_merges_them_into_the_older(self):
        mailbox, world = self.world_of("ada@example.org", False)
        first = self.arrive(world, ("x", 5, "ann@shop.example", "{own}", "", "Lamp", ()))
        self.start(mailbox)
        world.flag(first, {"seen"})
        second = self.arrive(world, ("y", 2, "bob@firm.example", "{own}", "", "Chair", ()))
        self.look(mailbox)
        rows = self.rows(mailbox)
        older, younger = rows[first].conversation_id, rows[second].conversation_id
        self.assertNotEqual(older, younger)
        bridge = ("z", 7, "ann@shop.example", "{own}", "bob@firm.example", "Both", ("x", "y"))
        third = self.arrive(world, bridge)
        world.flag(second, {"flagged"})
        self.look(mailbox)
        rows = self.rows(mailbox)
        self.assertEqual({row.conversation_id for row in rows.values()}, {older})
        self.assertFalse(younger.exists())
        self.assertEqual((older.message_count, older.unread_count), (3, 2))
        self.assertEqual(older.subject, "Chair", "the first message names it")
        self.assertEqual(older.last_date, rows[third].date)
        self.assertIn("bob@firm.example", older.participants)
        self.assertEqual(rows[third].conversation_evidence, "references")
        self.assert_same(mailbox, world)

    def test_evidence_is_kept_best_first(self):
        mailbox, world = self.world_of("ada@example.org", True)
        for line in THREAD[:2]:
            self.arrive(world, line)
            self.start(mailbox) if not mailbox.stream_ids else self.look(mailbox)
        nameless = self.arrive(world, THREAD[5])
        self.look(mailbox)
        found = {
            row.message_id.strip("<>").partition("@")[0]: row.conversation_evidence
            for row in self.rows(mailbox).values()
        }
        self.assertEqual(found, {"question": False, "answer": "provider", "nameless": "subject"})
        self.assertTrue(self.rows(mailbox)[nameless].correspondents)

    def test_old_subjects_do_not_attract(self):
        mailbox, world = self.world_of("ada@example.org", False)
        first = self.arrive(world, ("x", 1, "ann@shop.example", "{own}", "", "Lamp order", ()))
        self.start(mailbox)
        later = 60 * 24 * 8
        second = self.arrive(
            world, ("y", later, "ann@shop.example", "{own}", "", "Re: Lamp order", ())
        )
        self.look(mailbox)
        rows = self.rows(mailbox)
        self.assertNotEqual(rows[first].conversation_id, rows[second].conversation_id)

    def test_a_page_costs_five_statements_at_most(self):
        counts = []
        gather = Conversations.gather

        def counted(conversations, lines):
            before = self.env.cr.sql_log_count
            gather(conversations, lines)
            counts.append(self.env.cr.sql_log_count - before)

        mailbox, world = self.world_of("ada@example.org", False)
        self.arrive(world, ("x", 1, "ann@shop.example", "{own}", "", "Lamp", ()))
        self.arrive(world, ("y", 2, "bob@firm.example", "{own}", "", "Chair", ()))
        self.start(mailbox)
        bridge = ("z", 7, "ann@shop.example", "{own}", "bob@firm.example", "Both", ("x", "y"))
        self.arrive(world, bridge)
        for number in range(40):
            self.arrive(world, (f"n{number}", 9, "eve@e.example", "{own}", "", "New thing", ()))
        with patch.object(Conversations, "gather", counted):
            self.look(mailbox)
        self.assertEqual(
            max(counts), 5, "what was split, a merge, updates and new ones on one page"
        )
        self.assert_same(mailbox, world)

    def test_content_that_comes_again_stays_where_it_was(self):
        mailbox, world = self.world_of("ada@example.org", False)
        for line in THREAD[:2]:
            self.arrive(world, line)
        self.start(mailbox)
        before = self.grouping(mailbox)
        self.env["mailbox.message"].search([("mailbox_id", "=", mailbox.id)]).write(
            {"is_stale": True, "is_held": False}
        )
        self.look(mailbox)
        self.assertEqual(self.grouping(mailbox), before)
        self.assert_same(mailbox, world)
