"""A whole import, live changes, and time that passes: the store equals the world."""

from random import Random

from harness.provider import disturb, letter
from harness.stage import Stage


def test_an_import_ends_with_every_byte_and_no_duplicate(stage: Stage) -> None:
    stage.provider.fill(stage.account, 400)
    stage.connect()
    stage.settle()
    stage.assert_same()
    there = [held for held in stage.account.messages.values() if "SPAM" not in held.labels]
    report = stage.assert_parity(quarantined=0, stored=len(there))
    assert report["provider_messages"] == len(stage.account.messages)


def test_live_changes_follow(stage: Stage) -> None:
    stage.provider.fill(stage.account, 60)
    stage.connect()
    stage.settle()
    rng = Random(5)
    for number in range(80):
        disturb(stage.account, rng, number)
        if number % 20 == 19:
            stage.look()
            stage.assert_same()


def test_changes_during_the_import_are_not_lost(stage: Stage) -> None:
    stage.provider.fill(stage.account, 200)
    stage.connect()
    rng = Random(6)
    for number in range(30):
        stage.drain(limit=1)
        disturb(stage.account, rng, number)
        stage.assert_sound()
    stage.settle()
    stage.assert_same()


def test_new_mail_arrives_while_history_is_imported(stage: Stage) -> None:
    stage.provider.fill(stage.account, 600)
    stage.connect()
    stage.drain(limit=1)
    new = stage.account.deliver(letter(1, Random(1)))
    stage.mine("_sync_now")
    stage.drain(limit=1)
    row = stage.store().by_id[new.id]
    assert row["disposition"] == "stored"
    assert stage.value("SELECT phase FROM mailbox_stream") == "snapshot", "history is under way"


def test_a_page_of_history_gives_way_to_new_mail(stage: Stage) -> None:
    stage.provider.fill(stage.account, 900)
    stage.connect()
    stage.drain(limit=2)
    new: list[str] = []

    def arrive() -> None:
        new.append(stage.account.deliver(letter(1, Random(1))).id)
        stage.sql("INSERT INTO mailbox_hint (stream_id, source, at) SELECT id, 'push', now()"
                  " FROM mailbox_stream")  # fmt: skip

    stage.provider.at_request(4, arrive)
    before = len(stage.store().with_disposition("stored"))
    stage.drain(limit=1)
    came = len(stage.store().with_disposition("stored")) - before
    assert new and 0 < came <= 150, "the rest of the page waits"
    stage.drain(limit=1)
    assert stage.store().by_id[new[0]]["disposition"] == "stored"
    stage.settle()
    stage.assert_same()
