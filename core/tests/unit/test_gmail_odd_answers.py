"""Whatever JSON comes back, nothing but the six failures leaves the adapter, and it ends."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from mailbox_core.contract import ProviderConfig, PushTarget
from mailbox_core.errors import ProviderError
from mailbox_core.net.http import Http, Response
from mailbox_core.net.quota import Unmetered
from mailbox_core.providers.gmail.adapter import GmailProvider
from mailbox_core.providers.gmail.client import Client
from mailbox_core.providers.gmail.costs import PROFILE_V2
from mailbox_core.providers.gmail.cursor import Live, Place
from mailbox_core.types import (
    MessageRef,
    PartRef,
    Scope,
    SetFlags,
    Since,
    Snapshot,
    Start,
    StreamRef,
)

WORDS = """
    id threadId labelIds messages history messagesAdded labelsAdded labelsRemoved messagesDeleted
    message historyId nextPageToken internalDate payload headers name value mimeType filename body
    data attachmentId size parts raw sizeEstimate labels emailAddress messagesTotal drafts
    expiration
"""
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(["a1", "multipart/mixed", "text/plain", "message/rfc822", "1795300459000"]),
    st.binary(max_size=40).map(lambda data: base64.urlsafe_b64encode(data).decode()),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(sorted(WORDS.split())), inner, max_size=8),
    ),
    max_leaves=40,
)

KNOWN = ("id", "internalDate", "payload", "raw")
ALMOST = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["a1", "a2"]),
        "internalDate": st.one_of(SCALARS, st.just("1795300459000"), st.integers().map(str)),
        "payload": JSON,
        "raw": SCALARS,
    },
    optional={word: JSON for word in WORDS.split() if word not in KNOWN},
)
"""A message that is nearly right, so that the reading gets deep before it stumbles."""
ANSWER = st.one_of(JSON, ALMOST, st.fixed_dictionaries({"messages": st.lists(ALMOST, max_size=3)}))


class OddHttp:
    """Answers everything with the next of some bodies, batches included."""

    def __init__(self, answers: list[Any]) -> None:
        self._answers = answers
        self.count = 0

    def request(self, method: str, url: str, **options: Any) -> Response:
        self.count += 1
        assert self.count < 500, "it does not end"
        body = json.dumps(self._answers[self.count % len(self._answers)]).encode()
        if "/batch/" not in url:
            return Response(200, {}, body)
        parts = options["body"].count(b"Content-ID")
        head = b"--x\r\n\r\n" if self.count % 7 == 0 else b""
        pieces = [
            b"--x\r\nContent-ID: <response-call-%d>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n%s\r\n"
            % (n, body)
            for n in range(parts)
        ]
        return Response(
            200, {"Content-Type": "multipart/mixed; boundary=x"}, head + b"".join(pieces)
        )


def calls(provider: GmailProvider) -> list[Callable[[], object]]:
    stream = StreamRef()
    refs = [MessageRef("a1", "t"), MessageRef("a2", "t"), MessageRef("a3", "t"), MessageRef("a4")]
    return [
        provider.profile,
        provider.folders,
        lambda: provider.changes(stream, Start(), 10),
        lambda: provider.changes(stream, Snapshot(Place(5, "p").encode()), 10),
        lambda: provider.changes(stream, Since(Live("7").encode()), 10),
        lambda: provider.recent(stream, 10),
        lambda: provider.enumerate("INBOX", None, 10),
        lambda: list(provider.fetch(refs, "raw")),
        lambda: list(provider.fetch(refs, "text")),
        lambda: list(provider.fetch(refs, "headers")),
        lambda: list(provider.attachment(refs[0], PartRef("1"))),
        lambda: provider.apply(SetFlags(tuple(refs), frozenset({"seen"}))),
        lambda: provider.send(b"To: a@b.example\r\n\r\n", refs[0]),
        lambda: provider.find_sent("<x@y>"),
        lambda: provider.subscribe(PushTarget("projects/p/topics/t")),
    ]


@settings(max_examples=40, deadline=None)
@given(st.lists(ANSWER, min_size=1, max_size=4))
def test_only_the_six_failures_leave(answers: list[Any]) -> None:
    for scope in (Scope(exclude="x"), Scope(folders=frozenset({"INBOX"}))):
        http = OddHttp(answers)
        client = Client(cast(Http, http), "https://gmail.example", PROFILE_V2, Unmetered())
        provider = GmailProvider(client, ProviderConfig("a@b", None, Unmetered(), scope))
        for call in calls(provider):
            http.count = 0
            with suppress(ProviderError):
                call()
