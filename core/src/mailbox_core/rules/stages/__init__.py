"""Fixed stages, asked before any rule, one file each; the first that speaks decides.

Each has ``look(facts, history) -> Finding | None``, pure, with the evidence it rests on. What
follows from a finding is its *effect*:

``join``    may join the record it belongs to, silently; never opens one
``note``    as ``join``, as an internal note that reopens nothing and answers nobody
``ignore``  nothing at all happens
``machine`` goes on to those rules that ask for machine mail
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from ..facts import Facts
from . import auto_reply, bounce, loop, machine, own
from .finding import Finding, History

#: In the order they are asked.
STAGES: tuple[tuple[str, ModuleType], ...] = (
    ("loop", loop),
    ("own", own),
    ("bounce", bounce),
    ("auto_reply", auto_reply),
    ("machine", machine),
)


def look(facts: Facts, history: History) -> tuple[Finding | None, tuple[str, ...]]:
    """What the stages say, and the names of those that were asked and had nothing to say."""
    silent: list[str] = []
    for name, finding in _ask(facts, history):
        if finding is not None:
            return finding, tuple(silent)
        silent.append(name)
    return None, tuple(silent)


def _ask(facts: Facts, history: History) -> Iterator[tuple[str, Finding | None]]:
    for name, stage in STAGES:
        yield name, stage.look(facts, history)


__all__ = ["STAGES", "Finding", "History", "look"]
