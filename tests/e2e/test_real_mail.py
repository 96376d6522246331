"""Real mail, not made by us: the messages of CPython's own tests, a Maildir that an MDA wrote."""

import mailbox as maildirs
from importlib.util import find_spec
from pathlib import Path
from random import Random

import pytest
from harness import mda
from harness.provider import letter
from harness.stage import Stage

from mailbox_sandbox import importing


def cpython_messages() -> list[Path]:
    """The messages that ship with the email tests of the running Python (PSF licence)."""
    try:
        spec = find_spec("test.test_email")
    except ModuleNotFoundError:
        spec = None
    places = (spec.submodule_search_locations if spec else None) or []
    return sorted(path for place in places for path in Path(place, "data").glob("msg_*.txt"))


def bring_in(stage: Stage, path: Path) -> int:
    """Let files become the mailbox of the provider; returns how many messages."""
    report = importing.load(stage.account, str(path))
    # One of CPython's samples is a body without any header field: the import names it.
    assert all("no header field in it" in line for line in report.problems), report.problems
    assert len(report.problems) <= 1
    stage.connect()
    stage.settle()
    return int(report.imported)


def assert_accounted_for(stage: Stage, messages: int) -> None:
    """Parity 100 %: all stored or listed as quarantined, none unexplained, bytes equal."""
    report = stage.assert_parity()
    odd = stage.store().with_disposition("quarantined")
    assert all(row["disposition_reason"] and row["raw_store"] for row in odd.values())
    assert report["stored"] + report["quarantined"] == messages == report["provider_messages"]
    stage.assert_same(quarantined=len(odd))


def test_the_messages_of_cpythons_email_tests(stage: Stage, tmp_path: Path) -> None:
    found = cpython_messages()
    if not found:
        pytest.skip("this Python was installed without its tests (test.test_email)")
    for path in found:
        (tmp_path / f"{path.stem}.eml").write_bytes(path.read_bytes())
    assert_accounted_for(stage, bring_in(stage, tmp_path))
    assert len(stage.store().rows) >= 40


def test_a_maildir_written_by_dovecot(stage: Stage) -> None:
    if mda.missing():
        pytest.skip(mda.missing())
    rng = Random(20)
    letters = [letter(number, rng) for number in range(60)]
    letters += [path.read_bytes() for path in cpython_messages()[:20]]
    with mda.Dovecot() as dovecot:
        maildir = dovecot.deliver("shop", letters)
        assert len(list((maildir / "new").iterdir())) == len(letters)
        imported = bring_in(stage, maildir)
    assert imported == len(letters)
    assert_accounted_for(stage, imported)
    first = next(iter(stage.account.messages.values()))
    assert b"Return-Path: <sender@example.net>" in first.raw, "as the MDA wrote it"


def test_a_maildir_written_by_python(stage: Stage, tmp_path: Path) -> None:
    box = maildirs.Maildir(tmp_path / "box", create=True)
    rng = Random(21)
    for number in range(40):
        message = maildirs.MaildirMessage(letter(number, rng))
        message.set_subdir("cur" if number % 2 else "new")
        message.set_flags("FS" if number % 4 == 1 else "")
        box.add(message)
    assert_accounted_for(stage, bring_in(stage, tmp_path / "box"))
    seen = [row for row in stage.store().rows if row["is_seen"] and row["is_flagged"]]
    assert len(seen) == 10
