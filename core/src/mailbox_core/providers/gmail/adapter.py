"""A Gmail mailbox as a ``contract.MailProvider``: one stream, labels as folders, keyed snapshot.

Sequential on purpose: Gmail limits parallel calls of one user without saying to how many.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from ...capabilities import Capabilities
from ...contract import ProviderConfig
from ...errors import CursorExpired, NotFound, ProviderError, Refused, Unavailable
from ...net.endpoints import Endpoints
from ...net.http import Http
from ...net.quota import QuotaProfile
from ...types import (
    Depth,
    Fetched,
    Folder,
    Listing,
    MessageRef,
    Mutation,
    Page,
    PartRef,
    Position,
    Profile,
    Receipt,
    Since,
    Start,
    StreamRef,
    Upsert,
)
from . import attachment, costs, fetch, mutate, send
from .batch import Call, segment
from .client import Client, Json, answer, text
from .cursor import Live, Place, decode_live, decode_place
from .errors import classify
from .history import fold
from .labels import ALL, FLAG_LABELS, folder_list, is_folder
from .listing import PAGE_LIMIT, Window, leaf
from .push import GmailPush
from .rules import Rules

FETCH_LIMIT = 50

CAPABILITIES = Capabilities(
    cursor_scope="mailbox",
    folders="labels",
    conversations=True,
    stable_ids=True,
    reports_removals=True,
    baseline=True,
    push=frozenset({"webhook", "pull"}),
    push_lifetime=timedelta(days=7),
    saves_sent=True,
    server_search=True,
    page_limit=PAGE_LIMIT,
    fetch_limit=FETCH_LIMIT,
)


class GmailProvider(GmailPush):
    """One mailbox. ``capabilities`` are the same for every Gmail mailbox."""

    capabilities = CAPABILITIES

    def __init__(self, client: Client, config: ProviderConfig) -> None:
        super().__init__(client)
        self._since = config.scope.since
        self._rules = Rules.of(config.scope)

    def profile(self) -> Profile:
        """Whose mailbox this is; 1 unit. Raises Unavailable for an answer without an address."""
        data = self._client.profile()
        address = text(data, "emailAddress")
        if address is None:
            raise Unavailable("Gmail did not say whose mailbox this is.", reached=True)
        return Profile(address, _count(data, "messagesTotal"), _count(data, "threadsTotal"))

    def folders(self) -> Sequence[Folder]:
        """Labels as folders with counters, and ``ALL``; 1 unit and 1 for each label. A counter that
        cannot be had now is unknown."""
        found = self._client.labels()
        ids = [key for label in found if (key := text(label, "id")) is not None and is_folder(key)]
        return folder_list(found, self._counters(ids))

    def changes(self, stream: StreamRef, position: Position, limit: int) -> Page:
        """The page after ``position``. ``Start`` answers the baseline cursor and the newest
        messages.

        Raises CursorExpired when Gmail forgot the cursor (after a week typically, sometimes hours)
        or it is not one of ours.
        """
        _check(stream)
        if isinstance(position, Since):
            return self._live(decode_live(position.cursor), limit)
        if isinstance(position, Start):
            # Before the listing: what arrives in between is told twice, never missed. The id in
            # the newest message will not do, it may be too old on a quiet mailbox.
            history = text(self._client.profile(), "historyId")
            if history is None:
                raise Unavailable("Gmail did not tell its position.", reached=True)
            return replace(self._snapshot(Place(), limit), cursor=Live(history).encode())
        return self._snapshot(decode_place(position.resume), limit)

    def recent(self, stream: StreamRef, limit: int) -> Page:
        """The newest messages, without touching any position."""
        _check(stream)
        # Only the question for followed folders needs to know where the page ends.
        onward = self._rules.scope.folders is not None
        return Page(upserts=self._snapshot(Place(), limit, onward).upserts)

    def enumerate(self, within: str | None, resume: str | None, limit: int) -> Listing:
        """Refs by key, newest first; 5 units a page and 20 for the key of the next one."""
        found = leaf(self._client, self._window(within), decode_place(resume), limit)
        return Listing(found.refs, found.next.encode() if found.next else None)

    def fetch(self, refs: Sequence[MessageRef], depth: Depth) -> Iterator[Fetched]:
        """One answer per distinct ref; ``text`` leaves attachments at Gmail, ``headers`` all
        bodies."""
        return fetch.fetch(self._client, refs, depth)

    def attachment(self, ref: MessageRef, part: PartRef) -> Iterator[bytes]:
        """The decoded bytes of one part, in chunks."""
        return attachment.attachment(self._client, ref, part)

    def apply(self, mutation: Mutation) -> None:
        """Reach a goal. Messages that are gone are passed over."""
        mutate.apply(self._client, mutation)

    def send(self, message: bytes, draft: MessageRef | None) -> Receipt:
        """Hand over a message once."""
        return send.send(self._client, message, draft)

    def find_sent(self, message_id: str) -> MessageRef | None:
        """The sent message that was handed over with this Message-ID."""
        return send.find_sent(self._client, message_id)

    def _snapshot(self, place: Place, limit: int, onward: bool = True) -> Page:
        window = Window(since=self._since)
        found = leaf(self._client, window, place, limit, onward)
        filtered = self._rules.page(self._client, window, found)
        upserts = tuple(Upsert(ref, filtered=filtered.get(ref.remote_id)) for ref in found.refs)
        resume = None if found.next is None else found.next.encode()
        return Page(upserts=upserts, resume=resume, more=resume is not None)

    def _live(self, position: Live, limit: int) -> Page:
        data = self._history(position, limit)
        folded = fold(data)
        placed = {
            upsert.ref.remote_id: upsert.folders if isinstance(upsert.folders, frozenset) else None
            for upsert in folded.upserts
            if upsert.ref.remote_id in folded.news
        }
        filtered = self._rules.news(self._client, placed)
        upserts = tuple(
            replace(upsert, filtered=filtered.get(upsert.ref.remote_id))
            for upsert in folded.upserts
        )
        token = text(data, "nextPageToken")
        after = Live(position.history, token) if token else position.advanced(data.get("historyId"))
        return Page(upserts, folded.removals, cursor=after.encode(), more=token is not None)

    def _history(self, position: Live, limit: int) -> Json:
        """One answer. An expired page token falls back to the start of its answer: what was handed
        over before is told again."""
        params: Json = {
            "startHistoryId": position.history,
            "maxResults": max(1, min(PAGE_LIMIT, limit)),
        }
        if position.page is not None:
            params["pageToken"] = position.page
        try:
            return self._client.history(params)
        except NotFound:
            raise CursorExpired("Gmail no longer knows the stored position.") from None
        except Refused:
            if position.page is None:
                raise
        return self._history(Live(position.history), limit)

    def _window(self, within: str | None) -> Window:
        """A folder or flag name as Gmail's filters. Raises Refused for a flag that Gmail lacks."""
        if within is None:
            return Window(since=self._since)
        if within == ALL:
            return Window(trash_too=False, since=self._since)
        if within == "seen":
            return Window("is:read", since=self._since)
        if within == "answered":
            raise Refused("Gmail has no flag “answered”.", "flag")
        return Window(labels=(FLAG_LABELS.get(within, within),), since=self._since)

    def _counters(self, ids: Sequence[str]) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for start in range(0, len(ids), costs.BATCH_PARTS):
            part = ids[start : start + costs.BATCH_PARTS]
            calls = [Call(f"labels/{segment(key)}") for key in part]
            for key, one in zip(part, self._client.batch(calls, "labels.get"), strict=True):
                if not isinstance(one, ProviderError):
                    found[key] = answer(one)
        return found


def make(config: ProviderConfig, endpoints: Endpoints) -> GmailProvider:
    """The registry's factory. ``settings["quota"]`` names the quota profile, the strict one by
    default.

    Raises Refused for an unknown quota profile or an exclusion query that cannot be read.
    """
    quota = quota_profile(config.settings.get("quota", ""))
    http = Http(
        budget=config.budget,
        lane=config.lane,
        classify=classify,
        tokens=config.tokens,
        proxy=endpoints.proxy,
        clock=config.clock,
        max_wait=costs.patience(quota),
    )
    return GmailProvider(Client(http, endpoints.gmail, quota, config.budget), config)


def quota_profile(name: str) -> QuotaProfile:
    """A quota profile by name, ``v2`` for the empty name. Raises Refused for an unknown one."""
    try:
        return costs.PROFILES[name or "v2"]
    except KeyError:
        known = ", ".join(costs.PROFILES)
        raise Refused(f"There is no quota profile “{name}”; known: {known}.", "quota") from None


def _check(stream: StreamRef) -> None:
    if stream.folder is not None:
        raise Refused("Gmail has one stream for the whole mailbox.", "stream")


def _count(data: Json, key: str) -> int:
    """A counter; Gmail omits zero."""
    found = data.get(key)
    return found if isinstance(found, int) else 0


__all__ = ["CAPABILITIES", "GmailProvider", "make", "quota_profile"]
