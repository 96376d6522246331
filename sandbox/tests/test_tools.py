"""Command line, import of real mail and state files."""

from __future__ import annotations

import json
import mailbox
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailbox_sandbox import Account, Sandbox, cli, importing, state_file

ODD = b"From: a@b.example\nSubject: odd\nDate: Mon, 02 Nov 2026 10:00:00 +0000\n\nFrom here\n\xff\n"


def test_mbox_is_split_unquoted_and_dated(tmp_path: Path, account: Account, mail: Any) -> None:
    path = tmp_path / "box"
    box = mailbox.mbox(path)
    wanted = [mail(f"n{n}", "one\n\nFrom the start\n").replace(b"\r\n", b"\n") for n in range(5)]
    for raw in wanted:
        box.add(mailbox.mboxMessage(raw))
    box.close()
    report = importing.load(account, str(path))
    assert (report.imported, report.problems) == (5, [])
    assert sorted(item.raw for item in account.messages.values()) == sorted(wanted)
    assert {item.internal_date for item in account.messages.values()} == {1_795_168_800_000}


def test_maildir_flags_and_folders(tmp_path: Path, account: Account, mail: Any) -> None:
    box = mailbox.Maildir(tmp_path / "md")
    seen = mailbox.MaildirMessage(mail("seen"))
    seen.set_subdir("cur")
    seen.set_flags("FS")
    box.add(seen)
    box.add(mail("new"))
    box.add_folder("Work.Old").add(mail("in folder"))
    assert importing.load(account, str(tmp_path / "md")).imported == 3
    by_subject = {item.header("Subject"): item for item in account.messages.values()}
    assert by_subject["seen"].labels == {"INBOX", "STARRED"}
    assert by_subject["new"].labels == {"INBOX", "UNREAD"}
    folder = account.labels.find("Work/Old")
    assert folder and by_subject["in folder"].labels == {"UNREAD", folder.id}


def test_folder_of_eml_keeps_exact_bytes_and_survives_rubbish(
    tmp_path: Path, account: Account
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.eml").write_bytes(ODD)
    (tmp_path / "sub" / "b.eml").write_bytes(b"Subject: \xff\xfe\r\n\r\n\x00")
    (tmp_path / "empty.eml").write_bytes(b"")
    (tmp_path / "noise.bin").write_bytes(b"\x00\x01\x02")
    report = importing.load(account, str(tmp_path))
    assert report.imported == 2 and len(report.problems) == 2
    assert "empty" in " ".join(report.problems) and "not a mail" in " ".join(report.problems)
    assert {item.raw for item in account.messages.values()} == {
        ODD,
        b"Subject: \xff\xfe\r\n\r\n\x00",
    }
    with pytest.raises(ValueError, match="no such file"):
        importing.load(account, str(tmp_path / "missing"))


def test_real_third_party_mail(account: Account, gmail: Any) -> None:
    """The messages that ship with CPython's own tests, where they are installed."""
    folder = Path(os.__file__).parent / "test" / "test_email" / "data"
    if not folder.is_dir():
        pytest.skip("this Python came without its tests")
    files = [path for path in folder.glob("*.txt")]
    report = importing.load(account, str(folder))
    assert report.imported + len(report.problems) >= len(files)
    assert report.imported >= 40
    for message in account.messages.values():
        assert gmail.get(f"messages/{message.id}", format="full")["sizeEstimate"] == message.size


def test_state_file_round_trip(
    tmp_path: Path, sandbox: Sandbox, account: Account, mail: Any
) -> None:
    label = account.add_label("Kept")
    first = account.deliver(mail("A", Message_ID="<a@x>"), labels=["INBOX", label])
    second = account.deliver(mail("Re: A", References="<a@x>"))
    tokens = sandbox.grant(account.email, "cid", ["openid"])
    path = str(tmp_path / "world.zip")
    state_file.save(sandbox.world, path)
    assert oct(Path(path).stat().st_mode & 0o777) == "0o600"
    other = Sandbox()
    state_file.load(other.world, path)
    copy = other.world.account(account.email)
    assert {m.id: (m.raw, m.labels, m.thread_id) for m in copy.messages.values()} == {
        m.id: (m.raw, m.labels, m.thread_id) for m in (first, second)
    }
    assert copy.labels.get(label).name == "Kept" and copy.sub == account.sub
    assert other.world.identity.live_refresh(tokens["refresh_token"])
    assert copy.log.floor > account.log.last_id()
    (tmp_path / "bad.zip").write_bytes(b"no zip")
    with pytest.raises(ValueError, match="not a sandbox state file"):
        state_file.load(Sandbox().world, str(tmp_path / "bad.zip"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A served process with 30 messages; it must end cleanly and keep its state."""
    state = tmp_path / "state.zip"
    command = [
        sys.executable, "-m", "mailbox_sandbox.cli", "serve", "--port", "0", "--quota", "v2",
        "--scenario", "small_shop", "--messages", "30", "--state-file", str(state),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found and "30 messages" in line and "demo@example.com" in line
        yield found.group()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert state.exists()


def test_command_line(
    server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], mail: Any
) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        code = cli.main([arguments[0], "--url", server, *arguments[1:]])
        return code, capsys.readouterr().out

    assert json.loads(run("deliver", "--subject", "Hi")[1])["subject"] == "Hi"
    raw = tmp_path / "one.eml"
    raw.write_bytes(mail("From file"))
    assert json.loads(run("deliver", str(raw), "--label", "STARRED")[1])["labels"] == ["STARRED"]
    assert json.loads(run("seed", "busy_support", "--messages", "5")[1])["messages"] == 5
    assert "1 messages imported" in run("import-mbox", str(raw))[1]
    assert run("import-mbox", str(tmp_path / "none"))[0] == 1
    run("fault", "rate_429", "--call", "messages.*", "--times", "0", "--arg", "seconds=9")
    [planned] = json.loads(run("fault", "--list")[1])
    assert planned["times"] is None and planned["args"] == {"seconds": "9"}
    assert run("fault", "--clear")[0] == 0 and json.loads(run("fault")[1]) == []
    assert cli.call(server, "status")["accounts"] == {"demo@example.com": 38}
    assert cli.main(["deliver", "--url", "http://127.0.0.1:1"]) == 1
    assert "no sandbox at" in capsys.readouterr().err
