"""What counts as having got worse."""

from mailbox_tools import peer_test
from mailbox_tools.odoo_log import FAILED, PASSED, SKIPPED


def test_only_what_passed_before_can_get_worse() -> None:
    before = {"a": PASSED, "b": PASSED, "c": PASSED, "d": PASSED, "e": FAILED, "f": SKIPPED}
    after = {"a": PASSED, "b": FAILED, "c": SKIPPED, "e": FAILED, "f": FAILED, "g": FAILED}
    assert peer_test.worse(before, after) == {"b": FAILED, "c": SKIPPED, "d": "did not run"}


def test_only_addons_that_bring_nothing_else_take_part() -> None:
    assert peer_test.fitting(["test_mail"]) == ["mailbox_sync"]
    assert peer_test.fitting(["google_gmail", "crm"]) == [
        "mailbox_crm",
        "mailbox_google_gmail",
        "mailbox_sync",
    ]
