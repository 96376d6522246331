"""What came of an action."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Done:
    """``state``: ``done``, ``waiting`` (a job does it) or ``refused`` (it makes no sense for this
    mail). ``detail`` is for people."""

    detail: str = ""
    state: str = "done"
