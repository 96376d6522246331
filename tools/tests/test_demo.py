"""The demo's own logic: options, forms, figures."""

from pathlib import Path

import pytest
from mailbox_tools.demo import options, report
from mailbox_tools.demo.client import _Form, _words
from mailbox_tools.env import ToolingError


def make_process(proc, pid, parent, *arguments):
    folder = proc / str(pid)
    folder.mkdir()
    (folder / "cmdline").write_bytes(b"\0".join(word.encode() for word in arguments) + b"\0")
    (folder / "stat").write_text(f"{pid} (a name) with ) inside) S {parent} 1 1")


def test_every_mail_argument_of_make_is_found(tmp_path):
    make_process(tmp_path, 10, 1, "/usr/bin/make", "demo", "MAIL=a b", "ONCE=1", "MAIL=c", "MAIL=")
    make_process(tmp_path, 11, 10, "sh", "-c", "python")
    make_process(tmp_path, 12, 11, "python", "-m", "mailbox_tools.demo")
    assert options.mail_arguments(12, tmp_path) == ["a b", "c"]


def test_a_shell_s_own_mail_variable_is_not_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("MAIL", "/var/mail/somebody")
    make_process(tmp_path, 10, 1, "make", "demo")
    make_process(tmp_path, 12, 10, "python")
    assert options.mail_arguments(12, tmp_path) == []


def test_a_path_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ToolingError, match="does not exist"):
        options.read({}, [str(tmp_path / "nothing")])


def test_options_are_read(tmp_path):
    chosen = options.read({"ONCE": "1", "QUOTA": "2026", "REPORT": str(tmp_path / "r.json")}, [str(tmp_path)])
    assert chosen.once and chosen.quota == "v2" and chosen.mail == (Path(tmp_path).resolve(),)
    with pytest.raises(ToolingError, match="2026"):
        options.read({"QUOTA": "strict"}, [])


def test_a_form_is_filled_as_a_willing_person_would():
    form = _Form()
    form.feed(
        '<form action="/next"><input type="radio" name="who" value="a">'
        '<input type="radio" name="who" value="b" checked><input type="checkbox" name="scope" value="s">'
        '<input type="email" name="other"><button name="decision" value="deny">No</button>'
        '<button name="decision" value="allow">Yes</button></form>'
    )
    assert form.action == "/next"
    assert form.fields == [("who", "b"), ("scope", "s"), ("other", ""), ("decision", "allow")]


def test_a_page_is_reduced_to_its_words():
    assert _words("<head><title>x</title></head><body><h1>Error 400</h1> <p>why</p></body>") == "Error 400 why"


def figures(**changes):
    base = {"provider_messages": 10, "stored": 8, "filtered": 1, "quarantined": 1, "duplicates": 0, "unexplained": 0}
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
    assert found == {"p50": 505, "p95": 950}
