"""Fidelity switches: where the real provider varies, or where a test wants the other behaviour."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass
class Settings:
    """All switches of one sandbox; times in seconds of the sandbox clock.

    rewrite_message_id: sending through the API replaces Message-ID (Gmail's behaviour).
    list_paging: ``key`` resumes after the last message shown, ``offset`` counts from the top, so
        that a change while paging shifts the pages.
    forced_thread: ``strict`` lets a send with threadId join only when references and subject agree,
        ``lenient`` always joins.
    page_token_ttl, attachment_id_ttl, code_ttl, access_token_ttl: lifetimes.
    concurrency: parallel calls per user; batch_soft_limit: inner calls before a batch is throttled.
    push_drops_excess: Gmail tells a user's watchers one thing a second and drops the rest.
    push_history_id: the id in a notification is a JSON ``number`` (as on the wire) or a ``string``
        (as the guide prints it).
    consent_preticked: scope boxes of the consent page start ticked (Google's start unticked).
    """

    rewrite_message_id: bool = True
    list_paging: str = "key"
    forced_thread: str = "strict"
    page_token_ttl: float = 3600.0
    attachment_id_ttl: float = 3600.0
    code_ttl: float = 600.0
    access_token_ttl: float = 3599.0
    concurrency: int = 10
    batch_soft_limit: int = 50
    consent_preticked: bool = False
    push_drops_excess: bool = True
    push_history_id: str = "number"

    def update(self, values: dict[str, object]) -> None:
        """Set switches by name. Raises ValueError for an unknown name or a wrong type."""
        known = {item.name: getattr(self, item.name) for item in fields(self)}
        for name, given in values.items():
            value = given
            if name not in known:
                raise ValueError(f"unknown setting {name!r}; known: {', '.join(sorted(known))}")
            wanted = type(known[name])
            if wanted is float and isinstance(value, int) and not isinstance(value, bool):
                value = float(value)
            if type(value) is not wanted:
                raise ValueError(f"setting {name} wants {wanted.__name__}")
            setattr(self, name, value)
