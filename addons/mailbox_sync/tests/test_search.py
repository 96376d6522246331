"""Full text search: finds words of every kind, refuses nothing, shows nobody else's mail."""

from ast import literal_eval
from datetime import datetime, timezone

from odoo.tests.common import new_test_user, tagged
from odoo.tools import SQL

from .common import MailboxCase

HOSTILE = (
    "'; DROP TABLE mailbox_message; --",
    '"unbalanced',
    "a & | ! b",
    "(((",
    ":*",
    "\\",
    "%",
    "_",
    "<-> <2>",
    "\x00nul",
    "or or or -",
    " ".join(f"word{number}" for number in range(1000)),
    "x" * 100_000,
    "\ud83d",
)


@tagged("post_install", "-at_install")
class TestSearch(MailboxCase):
    def setUp(self):
        super().setUp()
        self.mailbox, self.world = self.make_mailbox()
        deliver = self.world.deliver
        for number in range(20):
            deliver(f"Weekly report {number}", body="the common word")
        self.rare = deliver("Invoice", body="the common xylophone is out of stock")
        self.unicode = deliver("Größe der Möbel", body="請問什麼時候 可以發貨 مرحبا ΑΘΗΝΑ")
        self.person = deliver("Hello", sender="Jonas Weber <jonas.weber@nordlicht.example>")
        self.start(self.mailbox)
        self.messages = self.env["mailbox.message"].with_user(self.owner)

    def found(self, words, **more):
        messages = (
            self.messages if not more else self.env["mailbox.message"].with_user(more["user"])
        )
        return set(messages.search([("search_text", "ilike", words)]).mapped("remote_id"))

    def test_a_rare_and_a_common_word(self):
        self.assertEqual(self.found("xylophone"), {self.rare})
        self.assertEqual(self.found("XYLOPHONE"), {self.rare})
        self.assertEqual(len(self.found("common")), 21)
        self.assertEqual(self.found("common xylophone"), {self.rare})
        self.assertEqual(self.found("xylophone zebra"), set())

    def test_phrases_exclusions_and_alternatives(self):
        self.assertEqual(self.found('"common xylophone"'), {self.rare})
        self.assertEqual(self.found('"xylophone common"'), set())
        self.assertEqual(len(self.found("common -xylophone")), 20)
        self.assertEqual(self.found("xylophone OR möbel"), {self.rare, self.unicode})

    def test_the_last_word_may_be_unfinished(self):
        for words in ("xylo", "common xylo", '"out of stock" xylo', "-zebra xylo"):
            with self.subTest(words=words):
                self.assertEqual(self.found(words), {self.rare})
        self.assertEqual(self.found("nordl"), {self.person})
        self.assertEqual(self.found("möb"), {self.unicode})
        for words in ("xylo stock", '"common xylo"', "common x"):
            with self.subTest(words=words):
                self.assertEqual(self.found(words), set())
        self.assertEqual(len(self.found("common -xylo")), 21, "only whole words are excluded")
        whole = self.messages.search([("search_text", "=", "xylo")])
        self.assertFalse(whole)

    def test_words_of_other_scripts(self):
        for word in ("Größe", "möbel", "請問什麼時候", "مرحبا", "αθηνα"):
            with self.subTest(word=word):
                self.assertEqual(self.found(word), {self.unicode})

    def test_people_are_found_by_name_address_and_its_parts(self):
        for word in ("Jonas", "jonas.weber@nordlicht.example", "nordlicht", "weber"):
            with self.subTest(word=word):
                self.assertEqual(self.found(word), {self.person})

    def test_hostile_words_break_nothing(self):
        before = self.messages.search_count([])
        for words in HOSTILE:
            with self.subTest(words=words[:30]):
                self.found(words)
        self.assertEqual(self.messages.search_count([]), before)

    def test_the_index_is_used_not_a_scan_of_texts(self):
        query = self.messages._search([("search_text", "ilike", "xylophone")])
        text = self.env.cr.mogrify(query.select()).decode()
        self.assertIn("websearch_to_tsquery", text)
        self.assertNotIn("ILIKE", text.upper().replace("XYLOPHONE", ""))

    def test_nobody_finds_what_he_may_not_read(self):
        boss = new_test_user(self.env, "boss@example.org", "base.group_system")
        for person in (self.colleague, boss):
            with self.subTest(person=person.login):
                self.assertEqual(self.found("xylophone", user=person), set())
                groups = (
                    self.env["mailbox.message"]
                    .with_user(person)
                    ._read_group(
                        [("search_text", "ilike", "xylophone")], ["mailbox_id"], ["__count"]
                    )
                )
                self.assertEqual(groups, [])
        self.mailbox.member_ids = [(0, 0, {"user_id": self.colleague.id, "role": "reader"})]
        self.env.flush_all()
        self.assertEqual(self.found("xylophone", user=self.colleague), {self.rare})

    def test_lists_group_and_filter_by_folder(self):
        at = datetime(2025, 1, 1, tzinfo=timezone.utc)
        both = self.world.deliver("In two places", folders=("inbox", "work"), received_at=at)
        self.look(self.mailbox)
        groups = dict(self.messages._read_group([], ["folder_ids"], ["__count"]))
        sizes = {folder.name: count for folder, count in groups.items() if folder}
        self.assertEqual(sizes, {"Inbox": 24, "Work": 1})
        work = self.mailbox.folder_ids.filtered(lambda folder: folder.remote_id == "work")
        self.assertEqual(self.messages.search([("folder_ids", "in", work.ids)]).remote_id, both)

    def test_a_page_of_the_list_is_read_in_order_and_sorts_nothing(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mailbox_sync.mailbox_message_action"
        )
        domain = self.messages._set_aside(literal_eval(action["domain"]))
        query = self.messages._search(domain, order=self.messages._order, limit=50)
        # Over so few rows a sort is cheaper; it is the only way if no index has the order.
        self.env.cr.execute("SET LOCAL enable_sort = off")
        self.env.cr.execute(SQL("EXPLAIN %s", query.select()))
        plan = "\n".join(line for (line,) in self.env.cr.fetchall())
        self.assertNotIn("Sort", plan)
