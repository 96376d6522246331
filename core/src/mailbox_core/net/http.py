"""The one way out to providers over HTTP. Nothing outside ``net`` sees requests.

A call pays its units from the budget first, carries a token, follows no redirect, is bounded in
time and size, and ends in a ``Response`` or in one of the failures of ``errors``. It is tried once:
waiting and trying again is the engine's work. Two exceptions: a 401 is answered with one new token
and one more try, and a GET that fell into a connection the server had just closed is sent again at
once.
"""

from __future__ import annotations

import json as jsonlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.structures import CaseInsensitiveDict

from ..contract import Budget, Clock, TokenSource
from ..errors import AuthorizationLost, NotFound, ProviderError, Refused, Throttled, Unavailable
from .trouble import failure, timed_out
from .wire import BrokenBody, Call, Timeouts, body_chunks, current, new_session

__all__ = [
    "Http",
    "Response",
    "Timeouts",
    "default_failure",
    "new_session",
    "retry_after",
    "seconds_until",
]

MIB = 1024 * 1024
USER_AGENT = "mailbox-core (gzip)"
"""Gmail compresses only for agents that say "gzip" here (Gmail API, "Performance tips")."""

DEFAULT_TIMEOUTS = Timeouts()

LONGEST_ADVICE = 7 * 86400.0
"""Seconds. A provider that asks for more is asked again after this."""

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_TROUBLE = (requests.RequestException, urllib3.exceptions.HTTPError, BrokenBody, OSError)

Value = str | int
Params = Mapping[str, Value | Sequence[Value]] | Sequence[tuple[str, Value]]


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, decompressed. ``headers`` ignores case; repeated headers are joined with ", "."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "headers", CaseInsensitiveDict(self.headers))

    def json(self) -> Any:
        """The body as JSON. Raises Unavailable when it is none: half answers and HTML come from
        proxies and overloaded front ends, and pass."""
        try:
            return jsonlib.loads(self.body)
        except (ValueError, RecursionError):
            raise Unavailable(f"The answer ({self.status}) is not JSON.", reached=True) from None


@dataclass(frozen=True, slots=True)
class _Ask:
    method: str
    url: str
    params: Params | None
    headers: Mapping[str, str]
    body: bytes | None
    units: int
    lane: str
    host: str


class Http:
    """Calls to one provider for one mailbox in one lane.

    ``classify`` turns an answer into a failure, or None when it is fine. ``budget`` is asked before
    every exchange; waits up to ``max_wait`` seconds are slept, longer ones raise Throttled.
    ``max_bytes`` bounds a decompressed answer. A ``session`` from ``new_session`` may be shared,
    and is then not closed here; ``proxy`` is for the session made otherwise. ``clock`` learns from
    the ``Date`` of every answer.
    """

    def __init__(
        self,
        *,
        budget: Budget,
        lane: str,
        classify: Callable[[Response], ProviderError | None],
        tokens: TokenSource | None = None,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        max_bytes: int = 160 * MIB,
        user_agent: str = USER_AGENT,
        session: requests.Session | None = None,
        proxy: str = "",
        clock: Clock | None = None,
        max_wait: float = 1.5,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._budget = budget
        self._lane = lane
        self._classify = classify
        self._tokens = tokens
        self._timeouts = timeouts
        self._max_bytes = max_bytes
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": "gzip", "Accept": "*/*"}
        self._session = session or new_session(proxy=proxy)
        self._owned = session is None
        self._clock = clock
        self._max_wait = max_wait
        self._sleep = sleep

    def request(
        self,
        method: str,
        url: str,
        *,
        units: int = 0,
        params: Params | None = None,
        json: Any = None,
        body: bytes | None = None,
        content_type: str | None = None,
        headers: Mapping[str, str] | None = None,
        lane: str | None = None,
    ) -> Response:
        """One exchange with the whole answer in memory.

        Raises what ``classify`` answers; Throttled when the budget is spent; Unavailable for
        trouble on the way; AuthorizationLost when no token can be had; Refused when the answer is
        too big or the address is unusable.
        """
        if json is not None:
            body = jsonlib.dumps(json, separators=(",", ":")).encode()
            content_type = content_type or "application/json"
        ask = self._ask(method, url, units, params, body, content_type, headers, lane)
        answer, call = self._authorized(ask)
        return self._judged(self._read(answer, call, ask))

    def stream(
        self,
        method: str,
        url: str,
        *,
        units: int = 0,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        lane: str | None = None,
    ) -> Iterator[bytes]:
        """The decompressed body in chunks of at most 64 KiB. The exchange happens before this
        returns; reading on may raise Unavailable or Refused. Failures as in ``request``."""
        ask = self._ask(method, url, units, params, None, None, headers, lane)
        answer, call = self._authorized(ask)
        if not 200 <= answer.status_code < 300:
            response = self._judged(self._read(answer, call, ask))
            raise default_failure(response) or Refused(f"unexpected status {response.status}")
        return self._chunks(answer, call, ask)

    def close(self) -> None:
        """Close the connections, unless the session was given."""
        if self._owned:
            self._session.close()

    def _ask(
        self,
        method: str,
        url: str,
        units: int,
        params: Params | None,
        body: bytes | None,
        content_type: str | None,
        headers: Mapping[str, str] | None,
        lane: str | None,
    ) -> _Ask:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
            raise Refused(f"The address of {host or 'the provider'} must use https.", "endpoint")
        merged = {**self._headers, **(headers or {})}
        if content_type:
            merged["Content-Type"] = content_type
        return _Ask(method, url, params, merged, body, units, lane or self._lane, host)

    def _authorized(self, ask: _Ask) -> tuple[requests.Response, Call]:
        """The exchange with a token; after a 401, once more with another one."""
        if self._tokens is None:
            return self._exchange(ask, None)
        token = self._tokens.token()
        answer, call = self._exchange(ask, token)
        if answer.status_code != 401:
            return answer, call
        answer.close()
        return self._exchange(ask, self._tokens.renew(token))

    def _exchange(self, ask: _Ask, token: str | None) -> tuple[requests.Response, Call]:
        self._pay(ask)
        call = Call(self._timeouts)
        try:
            return self._send(ask, token, call), call
        except _TROUBLE as error:
            if not (ask.method == "GET" and call.stale and not timed_out(error)):
                raise failure(error, call, ask.host) from None
        self._pay(ask)
        call = Call(self._timeouts)
        try:
            return self._send(ask, token, call), call
        except _TROUBLE as error:
            raise failure(error, call, ask.host) from None

    def _pay(self, ask: _Ask) -> None:
        """Take the units, sleeping up to ``max_wait`` seconds in all."""
        patience = self._max_wait
        while (wait := self._budget.take(ask.lane, ask.units)) > 0:
            if wait > patience:
                said = f"The quota has no room for {ask.lane} now."
                raise Throttled(said, retry_after=wait, ours=True)
            patience -= wait
            self._sleep(wait)

    def _send(self, ask: _Ask, token: str | None, call: Call) -> requests.Response:
        headers = dict(ask.headers)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        mark, sent = current.set(call), time.time()
        try:
            answer = self._session.request(
                ask.method,
                ask.url,
                params=ask.params,
                data=ask.body,
                headers=headers,
                timeout=(self._timeouts.connect, self._timeouts.read),
                allow_redirects=False,
                stream=True,
            )
        finally:
            current.reset(mark)
        if self._clock is not None:
            self._clock.note(answer.headers, sent, time.time())
        return answer

    def _read(self, answer: requests.Response, call: Call, ask: _Ask) -> Response:
        body = b"".join(self._chunks(answer, call, ask))
        return Response(answer.status_code, answer.headers, body)

    def _chunks(self, answer: requests.Response, call: Call, ask: _Ask) -> Iterator[bytes]:
        count = 0
        try:
            for chunk in body_chunks(answer):
                count += len(chunk)
                if count > self._max_bytes:
                    limit = self._max_bytes // MIB
                    raise Refused(f"The answer is larger than {limit} MiB.", "too_large")
                yield chunk
        except _TROUBLE as error:
            raise failure(error, call, ask.host) from None
        finally:
            answer.close()

    def _judged(self, response: Response) -> Response:
        failure = self._classify(response)
        if isinstance(failure, Throttled):
            # Without advice: a second, so that parallel calls do not hit the same wall at once.
            advice = failure.retry_after
            self._budget.penalize(1.0 if advice is None else advice)
        if failure is not None:
            raise failure
        return response


def default_failure(response: Response) -> ProviderError | None:
    """What a status means when the body says nothing better (RFC 9110 section 15); None for 2xx.

    A redirect is trouble on the way (a captive portal): no API that we call redirects.
    """
    status = response.status
    if 200 <= status < 300:
        return None
    if status == 429:
        return Throttled("Too many requests.", retry_after(response.headers))
    if status == 503 and (advice := retry_after(response.headers)) is not None:
        return Throttled("The provider is overloaded.", advice)
    if status >= 500 or status == 408 or status < 400:
        return Unavailable(f"The provider answered {status}.", reached=True)
    if status == 401:
        return AuthorizationLost("invalid_grant", "The provider does not accept the access token.")
    if status in (404, 410):
        return NotFound("The provider does not have it (any more).")
    return Refused(f"The provider answered {status}.", str(status))


def retry_after(
    headers: Mapping[str, str], now: Callable[[], datetime] | None = None
) -> float | None:
    """Seconds that ``Retry-After`` asks for (RFC 9110 section 10.2.3: seconds or a date); None
    without one that can be read. See ``seconds_until`` for dates."""
    value = CaseInsensitiveDict(headers).get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), LONGEST_ADVICE)
    when = _date(value)
    return None if when is None else seconds_until(when, headers, now)


def seconds_until(
    when: datetime, headers: Mapping[str, str], now: Callable[[], datetime] | None = None
) -> float:
    """Seconds from now to the moment ``when`` of the *provider's* clock, 0 if it passed.

    The answer's own ``Date`` tells the provider's time, so a wrong clock on either side does no
    harm; without one ``now`` counts (default: this machine's clock).
    """
    here = _date(CaseInsensitiveDict(headers).get("Date", ""))
    here = here or (now() if now else datetime.now(timezone.utc))
    return min(max(0.0, (when - here).total_seconds()), LONGEST_ADVICE)


def _date(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)
