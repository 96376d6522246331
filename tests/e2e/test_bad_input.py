"""Bad mail through the whole stack: nothing lost, no page stopped, nothing of it in logs."""

import base64
import zlib
from random import Random

import pytest
from harness.provider import CLIENT_SECRET, letter
from harness.stage import Stage, dump

from mailbox_core.testing import corpus

MARKER = "Zwiebelkuchenrezept-4711"
#: Messages of each category; all of them run against the parser in core/tests/property.
EACH = 14


def some_of(category: str) -> list[bytes]:
    """A spread over the samples of a category, small enough for one run."""
    found = [sample.raw for sample in corpus.samples(category) if len(sample.raw) < 4_000_000]
    return found[:: max(1, len(found) // EACH)][:EACH]


@pytest.mark.timeout(300)
def test_i6_bad_mail_of_every_category_is_stored_or_quarantined_with_its_source(
    stage: Stage,
) -> None:
    rng = Random(6)
    good, bad = [], []
    for category in sorted(corpus.CATEGORIES):
        for number, raw in enumerate(some_of(category)):
            bad.append(stage.account.deliver(raw).id)
            if number % 4 == 0:
                good.append(stage.account.deliver(letter(len(good), rng)).id)
    stage.connect()
    stage.settle()
    store = stage.store()
    assert {store.by_id[key]["disposition"] for key in good} == {"stored"}
    odd = store.with_disposition("quarantined")
    assert set(odd) <= set(bad)
    for key, row in odd.items():
        assert row["disposition_reason"]
        assert store.source(row) == stage.account.messages[key].raw
    stage.assert_same(quarantined=len(odd))
    stage.assert_parity()
    states = dict(stage.sql("SELECT state, count(*) FROM queue_job GROUP BY state"))
    assert "failed" not in states, "no page was stopped"


def test_bad_mail_that_arrives_live_delays_nobody(stage: Stage) -> None:
    stage.connect()
    stage.settle()
    for category in sorted(corpus.CATEGORIES):
        stage.account.deliver(some_of(category)[0])
    new = stage.account.deliver(letter(1, Random(1))).id
    stage.look()
    assert stage.store().by_id[new]["disposition"] == "stored"
    odd = stage.store().with_disposition("quarantined")
    stage.assert_same(quarantined=len(odd))


def secrets_of(stage: Stage) -> list[str]:
    """Everything that opens the mailbox: tokens as issued by the sandbox, and the client secret."""
    identity = stage.provider.sandbox.world.identity
    return [*identity.access_tokens, *identity.refresh_tokens, CLIENT_SECRET]


def test_s17_s27_logs_audit_and_dumps_hold_no_secret_and_no_mail(stage: Stage) -> None:
    """A marker is planted in bodies and a subject; trouble of every kind makes logs talk."""
    log = stage.workers.log
    start = log.stat().st_size
    rng = Random(27)
    for number in range(30):
        stage.account.deliver(letter(number, rng, f"The secret is {MARKER}, number {number}\n"))
    hostile = b"From: a@b.example\r\nSubject: x\n2026-01-01 CRITICAL forged: %s\r\n\r\nbody %s\r\n"
    stage.account.deliver(hostile % (MARKER.encode(), MARKER.encode()))
    stage.connect()
    for fault in ("half_json", "reset_midbody", "error_500", "rate_429", "unauthorized_401"):
        stage.provider.trouble(fault, skip=1)
        stage.drain()
        stage.account.deliver(letter(rng.randrange(10**6), rng, MARKER))
        stage.pass_time(stage.waits() + 1)
        stage.mine("_sync_now")
    stage.drain({"at": "statement", "nth": 25, "how": "full"})
    stage.rescue()
    stage.pass_time(4000)
    stage.provider.trouble("token_500", face="oauth")
    stage.look()
    stage.provider.sandbox.world.identity.revoke_grant(stage.address, "demo-project")
    stage.pass_time(4000)
    stage.look()
    with log.open("rb") as lines:
        lines.seek(start)
        logged = lines.read().decode("utf-8", "replace")
    assert "mailbox" in logged, "the log is the right one"
    audit = dump(stage.databases.server, stage.databases.name, "-a", "-t", "mailbox_event",
                 "-t", "mailbox_run", "-t", "mail_message", "-t", "queue_job")  # fmt: skip
    for secret in [*secrets_of(stage), MARKER]:
        assert secret not in logged, f"{secret[:6]}… is in the log"
        assert secret not in audit, f"{secret[:6]}… is in audit rows or jobs"
    assert "CRITICAL forged" not in logged


def test_s17_a_dump_opens_nothing(stage: Stage) -> None:
    stage.provider.fill(stage.account, 20)
    stage.connect()
    stage.settle()
    stage.pass_time(4000)
    stage.look()
    found = secrets_of(stage)
    assert len(found) >= 4, "issued at sign-in and by a refresh"
    text = dump(stage.databases.server, stage.databases.name)
    assert "mailbox_credential" in text
    for secret in found:
        plain = secret.encode()
        forms = [secret, base64.b64encode(plain).decode()[:-4], plain.hex(), secret[::-1]]
        forms.append(zlib.compress(plain).hex())
        assert not [form for form in forms if form in text], f"{secret[:6]}… is in the dump"
