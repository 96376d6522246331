import io
from pathlib import Path

import polib
from odoo.tests.common import TransactionCase, tagged
from odoo.tools.translate import trans_export


@tagged("post_install", "-at_install")
class TestCatalogue(TransactionCase):
    def test_the_catalogue_has_every_term_of_the_code_and_no_other(self):
        made = io.BytesIO()
        trans_export(False, ["mailbox_sync"], made, "po", self.env)
        path = Path(__file__).parents[1] / "i18n" / "mailbox_sync.pot"
        wanted, found = _terms(made.getvalue().decode()), _terms(path.read_text(encoding="utf-8"))
        self.assertGreater(len(wanted), 100)
        self.assertEqual((wanted - found, found - wanted), (set(), set()), "run make pot")


def _terms(text):
    """What a catalogue has to translate of Python and JavaScript, and where that is. Terms of
    models are left out: other installed addons add theirs."""
    return {
        (entry.msgid, place)
        for entry in polib.pofile(text)
        for place, _ in entry.occurrences
        if place.startswith("code:")
    }
