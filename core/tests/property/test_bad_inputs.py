"""Every kind of bad input, by generation, with the pass marks of the quality plan."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timezone

import pytest

from mailbox_core import conversations
from mailbox_core.mime import (
    delivery_report,
    iter_parts,
    new_text,
    parse,
    part_bytes,
    split_quote,
)
from mailbox_core.testing import corpus, corpus_files
from mailbox_core.types import Email

MAX_CPU_SECONDS = 2.0
MAX_MEGABYTES = 200


def well_formed(email: Email) -> None:
    """What must hold for every message: text a database takes, one sender, names that are safe."""
    texts = [
        email.subject,
        email.snippet,
        email.text or "",
        email.html or "",
        *sum(email.headers, ()),
    ]
    texts += [part.filename for part in email.parts]
    for text in texts:
        assert "\0" not in text
        text.encode("utf-8")
    assert len(email.snippet) <= 200
    assert len(email.fingerprint) == 64
    assert email.date is None or email.date.utcoffset() == timezone.utc.utcoffset(None)
    for part in email.parts:
        name = part.filename
        assert name and len(name.encode()) <= 255 and "/" not in name and "\\" not in name
        assert name not in (".", "..") and name.isprintable()
        assert part.size >= 0
    if email.from_:
        assert email.sender in email.from_


def check(sample: corpus.Sample) -> Email:
    email = parse(sample.raw)
    well_formed(email)
    assert parse(bytes(bytearray(sample.raw))) == email
    for found, data in iter_parts(sample.raw):
        assert data == part_bytes(sample.raw, found.part.ref.path)
    delivery_report(sample.raw)
    return email


def each(category: str, seed: int = 0) -> list[corpus.Sample]:
    found = list(corpus.samples(category, seed))
    if category != "threads":
        assert len(found) >= corpus.CATEGORIES[category]
        assert len({sample.name for sample in found}) == len(found)
    return found


def test_the_same_seed_makes_the_same_messages() -> None:
    for category in ("charset", "mime", "attachments", "replies"):
        first = [sample.raw for sample in corpus.samples(category, 7)]
        assert first == [sample.raw for sample in corpus.samples(category, 7)]
        assert first != [sample.raw for sample in corpus.samples(category, 8)]


def test_charsets() -> None:
    for sample in each("charset"):
        email = check(sample)
        if "text" in sample.expect:
            assert (email.text or "").strip() == sample.expect["text"], sample.name
        if "header" in sample.expect:
            assert sample.expect["header"] in email.headers, sample.name


def test_broken_mime() -> None:
    """Nothing vanishes: what is not shown is listed, or the message is flagged."""
    for sample in each("mime"):
        email = check(sample)
        shown = len(email.text or "") + len(email.html or "") + sum(p.size for p in email.parts)
        assert email.defects or shown >= 300, sample.name


# Each bomb goes off in a child of its own, which tells CPU seconds and peak megabytes of parsing.
_RANGE = """
import gc, os, sys, time
from mailbox_core.mime import delivery_report, parse
from mailbox_core.testing.corpus_files import BOMBS

def kilobytes(word):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(word))

for name, make in BOMBS.items():
    child = os.fork()
    if not child:
        raw = make()
        gc.collect()
        with open("/proc/self/clear_refs", "w") as peak:
            peak.write("5")
        base, start = kilobytes("VmRSS"), time.process_time()
        parse(raw)
        delivery_report(raw)
        used = time.process_time() - start
        print(name, used, (kilobytes("VmHWM") - base) / 1024, flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.fixture(scope="module")
def explosions() -> dict[str, tuple[float, float]]:
    done = subprocess.run(
        [sys.executable, "-c", _RANGE],
        capture_output=True,
        text=True,
        timeout=110,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    lines = (line.split() for line in done.stdout.splitlines())
    return {name: (float(seconds), float(megabytes)) for name, seconds, megabytes in lines}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="measures through /proc")
@pytest.mark.parametrize("name", sorted(corpus_files.BOMBS))
def test_resource_bombs(name: str, explosions: dict[str, tuple[float, float]]) -> None:
    seconds, megabytes = explosions[name]
    assert seconds <= MAX_CPU_SECONDS
    assert megabytes <= MAX_MEGABYTES


def test_there_are_enough_bombs() -> None:
    assert len(corpus_files.BOMBS) >= corpus.CATEGORIES["bombs"]


def test_machine_mail() -> None:
    for sample in each("automatic"):
        email = check(sample)
        assert email.automatic == sample.expect["automatic"], sample.name
        if "bounced" in sample.expect:
            report = delivery_report(sample.raw)
            assert report is not None and report.bounced == sample.expect["bounced"], sample.name
            if sample.expect.get("reported"):
                assert report.message_id == sample.expect["reported"], sample.name


def test_senders() -> None:
    for sample in each("addresses"):
        email = check(sample)
        assert (email.sender.email if email.sender else None) == sample.expect["sender"], (
            sample.name
        )


def test_message_ids() -> None:
    ids = set()
    prints = set()
    for sample in each("message_id"):
        email = check(sample)
        prints.add(email.fingerprint)
        if "message_id" in sample.expect:
            assert email.message_id == sample.expect["message_id"], sample.name
        else:
            assert email.message_id and len(email.message_id) <= 255
            ids.add(email.message_id)
    assert len(ids) == 4
    assert len(prints) >= 6 * 16, "content tells apart what an id does not"


def test_dates() -> None:
    for sample in each("dates"):
        assert sample.expect["flagged"] in check(sample).defects, sample.name


def test_attachments() -> None:
    for sample in each("attachments"):
        email = check(sample)
        data = [octets for _, octets in iter_parts(sample.raw)]
        assert data == sample.expect["files"], sample.name
        assert [part.size for part in email.parts] == [len(one or b"") for one in data], sample.name


def test_odd_contents() -> None:
    for sample in each("content"):
        email = check(sample)
        if sample.name.startswith("large"):
            assert [part.size for part in email.parts] == [18_000_000]
        if sample.name.startswith(("calendar", "card", "image")):
            assert len(email.parts) == 1, sample.name


def test_answers_keep_what_is_new() -> None:
    for sample in each("replies"):
        text = check(sample).text or ""
        new, old = split_quote(text)
        assert sorted((new + "\n" + old).split()) == sorted(text.split()), "nothing is deleted"
        wanted = sample.expect["new"]
        assert isinstance(wanted, list)
        for line in wanted:
            assert line in new, sample.name
        if sample.expect.get("old"):
            assert "OLD" not in new, sample.name
            assert "wrote" not in new, sample.name
        assert new_text(text) == new


def test_threads_never_join_two_customers() -> None:
    samples = each("threads")
    own = ("us@own.example",)
    keys = {sample.name: conversations.keys(parse(sample.raw), own=own) for sample in samples}
    groups = conversations.group(keys)
    by_name: dict[object, set[str]] = {}
    for sample in samples:
        by_name.setdefault(sample.expect["conversation"], set()).add(groups[sample.name])
    assert len(by_name) >= corpus.CATEGORIES["threads"]
    assert all(len(found) == 1 for found in by_name.values())
    assert len(set().union(*by_name.values())) == len(by_name)
