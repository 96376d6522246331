import email
import os

import pytest

from mailbox_tools.bench import __main__ as entry
from mailbox_tools.bench import cpu, gates, mails, report
from mailbox_tools.env import ToolingError


def test_the_same_numbers_give_the_same_mails():
    first, second = list(mails.Mix().mails(60)), list(mails.Mix().mails(60))
    assert first == second
    assert len({email.message_from_bytes(one)["Message-ID"] for one in first}) == 60


def test_the_mix_has_newsletters_files_and_threads():
    found = [email.message_from_bytes(one) for one in mails.Mix().mails(300)]
    assert 40 < sum(one["List-Id"] is not None for one in found) < 80
    assert any(part.get_filename() for one in found for part in one.walk())
    assert sum(one["In-Reply-To"] is not None for one in found) > 100
    assert not [one["Message-ID"] for one in found if one.defects]


def test_a_maildir_is_written_once(tmp_path):
    place = mails.maildir(tmp_path, 5)
    assert [path.read_bytes() for path in mails.files(place)] == list(mails.Mix().mails(5))
    mails.files(place)[0].unlink()
    assert mails.maildir(tmp_path, 5) == place
    assert len(mails.files(place)) == 4


def test_cpu_of_a_tree_counts_what_this_process_burns():
    before = cpu.seconds([os.getpid()])
    while cpu.seconds([os.getpid()]) == before:
        sum(range(10_000))
    assert cpu.resident([os.getpid()])[os.getpid()] > 1


@pytest.mark.parametrize(
    ("row", "value", "verdict"),
    [("A1", 0.9, "stretch"), ("A1", 1.5, "pass"), ("A1", 2.5, "miss"), ("A2", 31, "stretch"),
     ("A2", 16, "pass"), ("A2", 3, "miss")],
)  # fmt: skip
def test_figures_are_judged_in_their_direction(row, value, verdict):
    assert gates.figure(row, [value]).verdict == verdict


def test_what_was_not_measured_is_not_passed():
    one = gates.figure("A5", [])
    assert one.verdict == "not measured"
    assert "| not measured |" in report.table([one])


def test_the_page_tells_commit_peers_and_durability():
    one = gates.figure("A1", [0.5, 0.7, 0.6])
    samples = {"backfill": {"ours": [{"mails": 10, "cpu": 1.0, "seconds": 2.0}]}}
    result = report.plain(
        [one], samples, {"mode": "quick", "sizes": {"mails": 10}, "durability": {"fsync": "on"}}
    )
    page = report.page(result, [one])
    assert result["commit"][:12] in page
    assert "fsync on" in page
    assert "0.60" in page
    assert "ours: 10 mails" in page


def test_an_unknown_row_is_named():
    with pytest.raises(ToolingError, match="A9"):
        entry.read({"ROWS": "A1,A9"})
    with pytest.raises(ToolingError, match="MAILS=many"):
        entry.read({"MAILS": "many"})
    assert entry.mode(entry.read({})) == "full"
    assert entry.mode(entry.read({"ROUNDS": "2"})) == "reduced"
    assert entry.read({"ROWS": "a1 e3", "QUICK": "1"}).rows == ("A1", "E3")
