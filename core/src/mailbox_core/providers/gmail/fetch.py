"""Messages by id, many in one exchange, at the lowest price.

Answers inside a batch fail one by one: gone is ordinary, a server error is tried once more alone,
"too many" ends the errand at once, because asking again too early makes the silence longer. What
was fetched before that has been yielded; then the failure is raised. It is no ``Failed`` of the
messages that are still open: nothing is wrong with them, they wait with the whole mailbox.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TypeVar

from ...errors import AuthorizationLost, NotFound, ProviderError, Refused, Throttled, Unavailable
from ...net.http import Response
from ...types import Content, Depth, Failed, Fetched, Gone, MessageRef
from . import costs, labels, payload
from .batch import Call, segment
from .client import Client, Json, answer, decode64, items, text
from .listing import milliseconds

FORMS: dict[Depth, str] = {"raw": "raw", "text": "full", "headers": "metadata"}
_COMMON = "id,threadId,labelIds,internalDate,sizeEstimate"
_FIELDS: dict[Depth, str] = {
    "raw": f"{_COMMON},raw",
    "text": f"{_COMMON},payload",
    "headers": f"{_COMMON},payload(mimeType,headers)",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_OLDEST, _NEWEST = (datetime(year, 1, 1, tzinfo=timezone.utc) for year in (1, 9999))

T = TypeVar("T")


def fetch(client: Client, refs: Sequence[MessageRef], depth: Depth) -> Iterator[Fetched]:
    """One answer for each distinct ref. Raises what ends the errand, after the answers that came
    before it."""
    yield from _Errand(client, refs, depth).run()


class _Errand:
    """The state of one fetch: ``open`` are the refs without an answer, ``again`` those to ask
    alone."""

    def __init__(self, client: Client, refs: Sequence[MessageRef], depth: Depth) -> None:
        self._client = client
        self._depth = depth
        self.open = {ref.remote_id: ref for ref in refs}
        self.again: list[MessageRef] = []
        self.answered = False

    def run(self) -> Iterator[Fetched]:
        quota = self._client.quota
        size = costs.batch_parts(quota, quota.cost("threads.get"))
        for keys in _chunks(self._whole_threads(), size):
            yield from self._threads(keys)
        size = costs.batch_parts(quota, quota.cost("messages.get"))
        for refs in _chunks(list(self.open.values()), size):
            yield from self._messages(refs)
        yield from self._alone()

    def _whole_threads(self) -> list[str]:
        """Conversations to read at once. Their raw cannot be had that way."""
        if self._depth == "raw":
            return []
        wanted = Counter(ref.conversation_key for ref in self.open.values() if ref.conversation_key)
        return sorted(costs.whole_threads(wanted, self._client.quota))

    def _threads(self, keys: Sequence[str]) -> Iterator[Fetched]:
        """Conversations in one batch. Messages that do not come along are asked for alone after."""
        form = (("format", FORMS[self._depth]), ("fields", f"messages({_FIELDS[self._depth]})"))
        calls = [Call(f"threads/{segment(key)}", form) for key in keys]
        for found in self._batch(calls, "threads.get"):
            if isinstance(found, Response):
                for data in self._thread_messages(found):
                    ref = self.open.get(text(data, "id") or "")
                    if ref is not None:
                        yield from self._settle(ref, data)

    def _thread_messages(self, found: Response) -> list[Json]:
        try:
            return items(answer(found), "messages")
        except Unavailable:
            return []

    def _messages(self, refs: Sequence[MessageRef]) -> Iterator[Fetched]:
        form = (("format", FORMS[self._depth]), ("fields", _FIELDS[self._depth]))
        calls = [Call(f"messages/{segment(ref.remote_id)}", form) for ref in refs]
        try:
            answers = self._batch(calls, "messages.get")
        except Refused as refused:
            if refused.code != "too_large":
                raise
            self.again += refs
            return
        for ref, found in zip(refs, answers, strict=True):
            yield from self._judge(ref, found)

    def _batch(self, calls: Sequence[Call], cost: str) -> Iterator[Response | ProviderError]:
        """The answers of a batch; what stops all work is raised after the last of them."""
        found = self._client.batch(calls, cost)
        return _then_raise(found)

    def _judge(self, ref: MessageRef, found: Response | ProviderError) -> Iterator[Fetched]:
        if isinstance(found, NotFound):
            yield self._answer(Gone(ref))
        elif isinstance(found, Refused):
            yield self._answer(Failed(ref, found.detail, retry=False))
        elif isinstance(found, Response):
            try:
                data = answer(found)
            except Unavailable:
                self.again.append(ref)
                return
            yield from self._settle(ref, data)
        elif not isinstance(found, Throttled):
            self.again.append(ref)

    def _settle(self, ref: MessageRef, data: Json) -> Iterator[Fetched]:
        try:
            yield self._answer(content(self._client, ref, data, self._depth))
        except (Unavailable, NotFound, Refused):
            self.again.append(ref)

    def _alone(self) -> Iterator[Fetched]:
        """The second try, one message a call. Raises the last trouble when nothing was answered."""
        trouble: ProviderError | None = None
        failed: list[Failed] = []
        for ref in self.again:
            if ref.remote_id not in self.open:
                continue
            try:
                yield self._answer(self._one(ref))
            except Unavailable as failure:
                trouble = failure
                failed.append(Failed(ref, failure.detail))
        if trouble is not None and not self.answered:
            raise trouble
        for one in failed:
            yield self._answer(one)

    def _one(self, ref: MessageRef) -> Fetched:
        form, fields = FORMS[self._depth], _FIELDS[self._depth]
        try:
            data = self._client.message(ref.remote_id, form, fields=fields)
        except NotFound:
            return Gone(ref)
        except Refused as refused:
            return Failed(ref, refused.detail, retry=False)
        try:
            return content(self._client, ref, data, self._depth)
        except (NotFound, Refused) as failure:
            # Its attachment id, which does not live long; the message itself is there.
            raise Unavailable(failure.detail or "A body could not be read.") from None

    def _answer(self, fetched: Fetched) -> Fetched:
        self.answered = True
        self.open.pop(fetched.ref.remote_id, None)
        return fetched


def content(client: Client, ref: MessageRef, data: Json, depth: Depth) -> Content:
    """A ``messages.get`` answer as Content. May read body texts that did not come along.

    Raises Unavailable for an answer that is not this message or not whole, NotFound or Refused for
    a body that cannot be read.
    """
    if text(data, "id") != ref.remote_id:
        raise Unavailable("Gmail answered with another message.", reached=True)
    raw = _raw(client, ref, data, depth)
    found = data.get("labelIds")
    names = [name for name in found if isinstance(name, str)] if isinstance(found, list) else []
    estimate = data.get("sizeEstimate")
    return Content(
        ref=replace(ref, conversation_key=ref.conversation_key or text(data, "threadId")),
        raw=raw,
        complete=depth == "raw",
        received_at=moment(milliseconds(data)),
        size=estimate if depth != "raw" and isinstance(estimate, int) else len(raw),
        folders=labels.placements(names),
        flags=labels.flags(names),
    )


def moment(milliseconds_: int) -> datetime:
    """Epoch milliseconds as aware UTC, held inside the years that Python knows."""
    try:
        return min(max(_EPOCH + timedelta(milliseconds=milliseconds_), _OLDEST), _NEWEST)
    except OverflowError:
        return _OLDEST if milliseconds_ < 0 else _NEWEST


def _raw(client: Client, ref: MessageRef, data: Json, depth: Depth) -> bytes:
    if depth == "raw":
        return decode64(data.get("raw"))
    tree = data.get("payload")
    if not isinstance(tree, dict):
        raise Unavailable("Gmail sent a message without content.", reached=True)
    if depth == "headers":
        return payload.header_block(tree)
    bodies = {
        path: decode64(client.attachment(ref.remote_id, key).get("data"))
        for path, key in payload.absent_bodies(tree).items()
    }
    return payload.rebuild(tree, bodies)


def _then_raise(found: Iterable[Response | ProviderError]) -> Iterator[Response | ProviderError]:
    stop: ProviderError | None = None
    for one in found:
        lost = isinstance(one, AuthorizationLost) and one.reason != "invalid_grant"
        if lost or (isinstance(one, Throttled) and stop is None):
            stop = one if isinstance(one, ProviderError) else None
        yield one
    if stop is not None:
        raise stop


def _chunks(found: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(found), size):
        yield found[start : start + size]
