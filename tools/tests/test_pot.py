from mailbox_tools import pot

_CATALOGUE = """msgid ""
msgstr ""
"Project-Id-Version: Odoo Server 19.0\\n"
"POT-Creation-Date: 2026-11-22 00:23+0000\\n"
"PO-Revision-Date: 2026-11-22 00:23+0000\\n"

msgid "POT-Creation-Date: is a word here"
msgstr ""
"""


def test_only_the_dates_of_the_header_are_left_out():
    lines = pot.undated(_CATALOGUE).splitlines()
    assert len(lines) == len(_CATALOGUE.splitlines()) - 2
    assert 'msgid "POT-Creation-Date: is a word here"' in lines
    assert not any("+0000" in line for line in lines)
