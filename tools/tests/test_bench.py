import email
import json
import os
import time
from dataclasses import replace

import pytest

from mailbox_tools import paths
from mailbox_tools.bench import cpu, gates, mails, options, parts, report
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
    [("A1", 0.9, "stretch"), ("A1", 1.5, "met"), ("A1", 2.5, "missed"), ("A2", 31, "stretch"),
     ("A2", 16, "met"), ("A2", 3, "missed")],
)  # fmt: skip
def test_figures_are_judged_in_their_direction(row, value, verdict):
    assert gates.figure(row, [value]).verdict == verdict


def test_what_was_not_measured_is_not_passed():
    one = gates.figure("A5", [])
    assert one.verdict == "not measured"
    assert "| not measured |" in report.table([one])


def result_of(*figures, **samples):
    setting = {"mode": "quick", "sizes": {"mails": 10}, "durability": {"fsync": "on"}}
    return report.plain(figures, samples, setting)


def test_the_page_tells_commit_load_peers_durability_and_what_nobody_measures():
    one = replace(gates.figure("A1", [0.5, 0.7, 0.6]), commit="f" * 40 + "+", load=(1.5, 2.5))
    samples = {"ours": [{"mails": 10, "cpu": 1.0, "seconds": 2.0}]}
    page = report.page(result_of(one, backfill=samples))
    for words in ("ffffffffff+", "1.5 to 2.5", "fsync on", "0.60", "ours: 10 mails", "1 stretch"):
        assert words in page
    assert all(f"- {row}: " in page for row in gates.UNMEASURED)
    assert not set(gates.UNMEASURED) & set(gates.GATES)


def test_a_run_of_some_rows_leaves_the_others_as_they_were(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "REPOSITORY", tmp_path)
    old = [replace(gates.figure(row, [9]), commit="old") for row in ("A1", "B2")]
    report.publish(result_of(*old, backfill={}, webhook={"rows": 1}), None)
    report.publish(result_of(replace(gates.figure("A1", [0.5]), commit="new"), backfill={}), None)
    text = (tmp_path / "docs" / "reference" / "benchmarks.json").read_text(encoding="utf-8")
    result = json.loads(text)
    assert [(one["row"], one["commit"]) for one in result["figures"]] == [
        ("A1", "new"), ("B2", "old"),
    ]  # fmt: skip
    assert result["samples"]["webhook"] == {"rows": 1}


def test_rows_sizes_and_modes_come_from_the_environment():
    with pytest.raises(ToolingError, match="A9"):
        options.read({"ROWS": "A1,A9"})
    with pytest.raises(ToolingError, match="MAILS=many"):
        options.read({"MAILS": "many"})
    assert options.read({}).mode == "usual"
    assert options.read({"FULL": "1"}).mode == "full"
    assert options.read({"ROUNDS": "2"}).mode == "other sizes"
    assert options.read({"QUICK": "1"}).left_out
    named = options.read({"ROWS": "a1 e3", "QUICK": "1"})
    assert (named.rows, named.left_out, named.limit) == (("A1", "E3"), (), 0)


def test_every_gate_has_a_part_and_the_usual_run_fits_its_limit():
    assert {key for part in parts.PARTS for key in part.keys} == set(gates.GATES)
    assert sum(part.seconds for part in parts.PARTS) <= options.read({}).limit


def measured(monkeypatch, runs, **environment):
    """The figures of parts of which each measures one row by a function."""
    found = [parts.Part(row.lower(), (row,), 1, run) for row, run in runs.items()]
    monkeypatch.setattr(parts, "PARTS", found)
    return parts.measure(None, options.read(environment))[0]


def broken(*_arguments):
    raise RuntimeError("the provider did not start")


def slow(*_arguments):
    time.sleep(60)


def good(*_arguments):
    return [gates.figure("B2", [1.0])], {}


def test_a_part_that_breaks_costs_its_own_figures_only(monkeypatch):
    failed, fine = measured(monkeypatch, {"A1": broken, "B2": good})
    assert (failed.row, failed.verdict) == ("A1", "failed")
    assert "the provider did not start" in report.table([failed])
    assert (fine.row, fine.verdict) == ("B2", "stretch")
    assert fine.at and fine.commit and len(fine.load) == 2


def test_a_part_that_does_not_end_is_ended(monkeypatch):
    began = time.monotonic()
    ended, fine = measured(monkeypatch, {"A1": slow, "B2": good})
    assert time.monotonic() - began < 30
    assert (ended.verdict, fine.verdict) == ("failed", "stretch")
    assert "OutOfTime" in ended.note


def test_what_no_time_is_left_for_is_not_measured(monkeypatch):
    def late(*arguments):
        time.sleep(1.5)
        return good(*arguments)

    first, second = measured(monkeypatch, {"B2": late, "A1": good}, LIMIT="2")
    assert first.verdict == "stretch"
    assert (second.row, second.verdict) == ("A1", "not measured")
    assert "ROWS=A1" in second.note
