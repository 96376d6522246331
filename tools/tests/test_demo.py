"""The demo's own logic: options, forms, figures."""

from pathlib import Path

import pytest

from mailbox_tools.demo import options, report
from mailbox_tools.demo.client import _Form, _words
from mailbox_tools.env import ToolingError


def test_a_path_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ToolingError, match="does not exist"):
        options.read({}, [str(tmp_path / "nothing")])


def test_options_are_read(tmp_path):
    chosen = options.read(
        {"ONCE": "1", "QUOTA": "2026", "REPORT": str(tmp_path / "r.json")}, [str(tmp_path)]
    )
    assert chosen.once and chosen.quota == "v2" and chosen.mail == (Path(tmp_path).resolve(),)
    with pytest.raises(ToolingError, match="2026"):
        options.read({"QUOTA": "strict"}, [])


def test_a_form_is_filled_as_a_willing_person_would():
    form = _Form()
    form.feed(
        '<form action="/next"><input type="radio" name="who" value="a">'
        '<input type="radio" name="who" value="b" checked>'
        '<input type="checkbox" name="scope" value="s"><input type="email" name="other">'
        '<button name="decision" value="deny">No</button>'
        '<button name="decision" value="allow">Yes</button></form>'
    )
    assert form.action == "/next"
    assert form.fields == [("who", "b"), ("scope", "s"), ("other", ""), ("decision", "allow")]


def test_a_page_is_reduced_to_its_words():
    assert (
        _words("<head><title>x</title></head><body><h1>Error 400</h1> <p>why</p></body>")
        == "Error 400 why"
    )


def figures(**changes):
    base = {
        "provider_messages": 10,
        "stored": 8,
        "filtered": 1,
        "quarantined": 1,
        "duplicates": 0,
        "unexplained": 0,
    }
    return {**base, **changes}


def test_the_exit_code_tells_whether_everything_is_accounted_for_once():
    assert report.passed(figures())
    assert not report.passed(figures(stored=7))
    assert not report.passed(figures(duplicates=1))
    assert not report.passed(figures(unexplained=1))


def test_latency_is_given_in_milliseconds():
    assert report.latency([]) == {"p50": None, "p95": None}
    assert report.latency([0.5]) == {"p50": 500, "p95": 500}
    found = report.latency([number / 100 for number in range(1, 101)])
    assert found == {"p50": 505, "p95": 951}
