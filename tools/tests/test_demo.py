"""The demo's own logic: options, forms, figures."""

from pathlib import Path

import pytest

from mailbox_tools.demo import options, report, scene_mails
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


def test_the_report_tells_what_became_of_mail():
    routed = {"leads": 1, "tickets": 2, "replies": 3, "held": 4, "approved": 1, "refused": 1}
    tried = {"match_count": 5, "looked_at": 40}
    told = report.text(
        figures(
            folders=1,
            attachments=0,
            import_seconds=1.0,
            rate_per_second=10.0,
            live_latency_ms={"p50": None, "p95": None},
            routed={**routed, "tried": tried},
        )
    )
    lines = {" ".join(line.split()) for line in told.splitlines()}
    assert {"leads opened by mail 1", "replies on their record 3", "held for a person 4"} <= lines
    assert "rule tried on past mail 5 of 40" in lines


def test_the_mails_of_the_scene_are_what_a_mail_program_writes():
    first = scene_mails.mail("Ada <ada@shop.example>", "Offer", scene_mails.OFFER)
    reply = scene_mails.mail(
        "Ada <ada@shop.example>", "Re: Offer", scene_mails.REPLY, first["Message-ID"]
    )
    assert first["Message-ID"].endswith("@shop.example>") and "In-Reply-To" not in first
    assert reply["In-Reply-To"] == reply["References"] == first["Message-ID"]
