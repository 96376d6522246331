"""Outcome of Odoo's tests, read from log lines as Odoo 19 writes them."""

import re

from mailbox_tools import odoo_log
from mailbox_tools.odoo_log import FAILED, PASSED, SKIPPED

HEAD = "2026-01-02 03:04:05,678 42"
_LINES = f"""\
{HEAD} INFO db odoo.modules.loading: Loading module mailbox_sync (1/2)
{HEAD} INFO db odoo.addons.mailbox_sync.tests.test_a: Starting TestA.test_good ...
{HEAD} INFO db odoo.addons.mailbox_sync.tests.test_a: Starting TestA.test_bad ...
{HEAD} INFO db odoo.addons.mailbox_sync.tests.test_a: ======================================
{HEAD} ERROR db odoo.addons.mailbox_sync.tests.test_a: FAIL: TestA.test_bad
Traceback (most recent call last):
AssertionError: 1 != 2
{HEAD} INFO db odoo.addons.mailbox_sync.tests.test_a: Starting TestA.test_parts ...
{HEAD} ERROR db odoo.addons.mailbox_sync.tests.test_a: FAIL: Subtest TestA.test_parts (i=1)
{HEAD} ERROR db odoo.addons.mailbox_sync.tests.test_a: FAIL: Subtest TestA.test_parts (i=2)
{HEAD} INFO db odoo.addons.mailbox_sync.tests.test_b: Starting TestB.test_later ... - - -
{HEAD} INFO db odoo.addons.mailbox_sync.tests.test_b: skipped TestB.test_later : no browser
{HEAD} ERROR db odoo.tests.suite: ERROR: setUpClass (odoo.addons.mailbox_crm.tests.test_c.TestC)
{HEAD} ERROR db odoo.addons.base.models.assetsbundle: could not get content for /x.js
{HEAD} ERROR db odoo.tests.result: 3 failed, 1 error(s) of 4 tests when loading database 'db'
"""
#: Odoo ends every line with a blank: the place of figures about the request, if any.
LOG = re.sub(f"(?m)^({HEAD}.*)$", r"\1 ", _LINES)


def test_each_test_gets_one_status() -> None:
    outcome = odoo_log.read(LOG.splitlines())
    assert outcome.tests == {
        "mailbox_sync.TestA.test_good": PASSED,
        "mailbox_sync.TestA.test_bad": FAILED,
        "mailbox_sync.TestA.test_parts": FAILED,
        "mailbox_sync.TestB.test_later": SKIPPED,
        "mailbox_crm.TestC.setUpClass": FAILED,
    }
    assert [outcome.count(status) for status in (PASSED, FAILED, SKIPPED)] == [1, 3, 1]


def test_errors_outside_of_tests_are_troubles() -> None:
    outcome = odoo_log.read(LOG.splitlines())
    assert [line.split(": ", 1)[1] for line in outcome.troubles] == [
        "could not get content for /x.js"
    ]


def test_a_log_that_breaks_off_is_not_finished() -> None:
    assert odoo_log.read(LOG.splitlines()).finished
    assert not odoo_log.read(LOG.splitlines()[:-1]).finished


def test_only_trouble_is_interesting() -> None:
    shown = odoo_log.interesting(LOG)
    assert "AssertionError: 1 != 2" in shown
    assert "Starting" not in shown
