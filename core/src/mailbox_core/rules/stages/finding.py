"""What a stage says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Effect = Literal["join", "note", "ignore", "machine"]

#: Written into every mail that is sent without a person's doing; names the sending mailbox.
LOOP_HEADER = "X-Loop"


@dataclass(frozen=True, slots=True)
class Finding:
    """``evidence`` are pairs of a word (a header's name, or what was counted) and what was found
    there."""

    stage: str
    effect: Effect
    evidence: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """What happened before, counted by who asks.

    ``from_sender``: mails of this sender that opened something lately, of at most ``limit``; the
    limit 0 means none. ``minutes`` says how long "lately" is. The same for the pair of this sender
    and this mailbox: ``from_pair`` counts mails that reached a record at all, answers included.
    """

    from_sender: int = 0
    limit: int = 0
    minutes: int = 120
    from_pair: int = 0
    pair_limit: int = 0
    pair_minutes: int = 60
