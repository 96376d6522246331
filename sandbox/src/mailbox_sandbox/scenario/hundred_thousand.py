"""``hundred_thousand``: a big mailbox in little memory, each message written when it is read."""

from __future__ import annotations

import random
from typing import Any

from ..account import Account
from ..world import World
from . import mime, phrases
from .mime import Letter

DAY = 86400.0
SPAN = 730 * DAY


class Written:
    """A message that is written anew, with the same bytes, each time it is asked for."""

    __slots__ = ("_date", "_index", "_parent", "_seed", "_turn")

    def __init__(self, seed: str, index: int, parent: int, turn: int, date: float) -> None:
        self._seed = seed
        self._index = index
        self._parent = parent
        self._turn = turn
        self._date = date

    @property
    def rfc822_id(self) -> str:
        """The Message-ID of the message."""
        return _message_id(self._index)

    def __call__(self) -> bytes:
        """Write the message."""
        rng = random.Random(f"{self._seed}:{self._index}")
        topic = random.Random(f"{self._seed}:{self._parent}")
        language = topic.choice(phrases.LANGUAGES)
        number = topic.randrange(10_000, 99_999)
        subject = topic.choice(language.subjects).format(n=number, k=7)
        lines = [
            rng.choice(language.lines).format(n=number, k=9) for _ in range(rng.randrange(2, 9))
        ]
        text = "\n".join([language.hello, "", *lines * _bulk(rng), "", language.bye, ""])
        person = (language.names[0], f"customer{self._parent % 5000}@many.example")
        letter = Letter(
            person, [("", "demo@example.com")], ("Re: " if self._turn else "") + subject,
            self._date, self.rfc822_id,
            references=[_message_id(self._parent)] if self._turn else [],
        )  # fmt: skip
        return mime.message(letter, mime.text(text, encoding="base64"))


def _bulk(rng: random.Random) -> int:
    """Size mix: most are short, some are long."""
    return rng.choices((1, 4, 20, 120), (70, 20, 8, 2))[0]


def _message_id(index: int) -> str:
    return f"<m{index}@many.example>"


def hundred_thousand(world: World, account: Account, messages: int | None = None) -> dict[str, Any]:
    """100,000 messages (or as many as asked) in threads of four on average."""
    wanted = 100_000 if messages is None else messages
    if wanted < 1:
        raise ValueError("a scenario has at least one message")
    now = world.clock.now()
    end, rng = now - now % 3600, random.Random(f"{world.seed}:many")
    label = account.labels.find("Old") or account.labels.get(account.add_label("Old"))
    step = SPAN / wanted
    threads: list[tuple[int, str, int]] = []
    with account.locked():
        for index in range(wanted):
            date = end - SPAN + index * step
            joins = bool(threads) and rng.random() < 0.75
            slot = rng.randrange(max(0, len(threads) - 50), len(threads)) if joins else -1
            parent, thread_id, turn = threads[slot] if joins else (index, "", 0)
            source = Written(str(world.seed), index, parent, turn, date)
            fresh = index > wanted - 2000
            labels = {"INBOX"} if fresh else {label.id}
            if rng.random() < 0.05:
                labels.add("UNREAD")
            message = account.deliver(
                source, labels, date, thread_id or None, rfc822_id=source.rfc822_id,
                logged_at=date,
            )  # fmt: skip
            if joins:
                threads[slot] = (parent, thread_id, turn + 1)
            else:
                threads.append((index, message.thread_id, 1))
        account.log.prune(now)
    return {"messages": wanted, "threads": len(account.threads), "labels": 1}
