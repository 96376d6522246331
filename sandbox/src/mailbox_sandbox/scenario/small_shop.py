"""``small_shop`` and ``busy_support``: two years of a furniture shop's mailbox."""

from __future__ import annotations

import random
from typing import Any

from ..account import Account
from ..errors import Conflict
from ..world import World
from . import phrases, stories
from .hostile import hostile
from .stories import DAY, Author, Note, Story

SPAN = 730 * DAY
LABELS = (
    "Customers", *(f"Customers/{name}" for name in phrases.COMPANIES), "Orders", "Orders/Shipped",
    "Suppliers", "Newsletters", "Lists", "Team", "Team/Design", "عملاء", "顧客/東京",
    "Archive/2024/Quotes",
)  # fmt: skip
SHOP: tuple[tuple[Story, int], ...] = (
    (stories.enquiry, 42), (stories.system_note, 15), (stories.newsletter, 11),
    (stories.invoice, 9), (stories.list_mail, 6), (stories.inline_picture, 3),
    (stories.invitation, 2), (stories.auto_reply, 3), (stories.bounce, 3), (stories.spam, 3),
    (stories.winmail, 1), (stories.photos, 1), (hostile, 2),
)  # fmt: skip
SUPPORT: tuple[tuple[Story, int], ...] = (
    (stories.enquiry, 80), (stories.auto_reply, 8), (stories.bounce, 6),
    (stories.system_note, 4), (hostile, 2),
)  # fmt: skip


def small_shop(world: World, account: Account, messages: int | None = None) -> dict[str, Any]:
    """About 2,000 realistic messages over two years."""
    return _tell(world, account, 2000 if messages is None else messages, SHOP, SPAN)


def busy_support(world: World, account: Account, messages: int | None = None) -> dict[str, Any]:
    """A support mailbox: 5,000 messages in six weeks, nearly all conversations."""
    return _tell(world, account, 5000 if messages is None else messages, SUPPORT, 42 * DAY)


def _tell(
    world: World, account: Account, wanted: int, mix: tuple[tuple[Story, int], ...], span: float
) -> dict[str, Any]:
    """Write the notes (same seed and hour: same bytes), then deliver them in order of date."""
    if wanted < 1:
        raise ValueError("a scenario has at least one message")
    now = world.clock.now()
    end = now - now % 3600
    author = Author(
        random.Random(f"{world.seed}:{account.email}:{wanted}"),
        (account.name, account.email), _labels(account), end,
    )  # fmt: skip
    deck = [story for story, weight in mix for _ in range(weight)]
    notes: list[Note] = []
    while len(notes) < wanted:
        start = end - span * (1 - author.rng.random() ** 0.7) - 60
        notes.extend(author.rng.choice(deck)(author, start))
    deliver(account, sorted(notes[:wanted], key=lambda note: note.date))
    return {"messages": wanted, "threads": len(account.threads), "labels": len(LABELS)}


def _labels(account: Account) -> dict[str, str]:
    for name in LABELS:
        try:
            account.add_label(name)
        except Conflict:
            continue
    return {label.name: label.id for label in account.labels.by_id.values()}


def deliver(account: Account, notes: list[Note]) -> None:
    """Deliver in order; a thread's later messages join its first."""
    threads: dict[str, str] = {}
    with account.locked():
        for note in notes:
            message = account.deliver(
                note.raw, note.labels, note.date, threads.get(note.thread), logged_at=note.date
            )
            threads.setdefault(note.thread, message.thread_id)
        account.log.prune(account.clock.now())
