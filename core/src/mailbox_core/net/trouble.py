"""Trouble on the way to a provider in words of our own: those of requests quote the address."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from typing import Any

import requests
import urllib3

from ..errors import ProviderError, Refused, Unavailable
from .wire import BrokenBody, Call

_NEVER_SENT = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidHeader,
)


def failure(error: Exception, call: Call, host: str) -> ProviderError:
    """The failure of ours that an error of the libraries means."""
    if isinstance(error, _NEVER_SENT):
        return Refused(f"The request to {host} cannot be sent ({type(error).__name__}).", "request")
    causes = list(_causes(error))
    certificate = _first(causes, ssl.SSLCertVerificationError)
    if certificate is not None:
        return Unavailable(
            f"The TLS certificate of {host} is not trusted: {certificate.verify_message}. "
            "Nothing was sent."
        )
    if _first(causes, requests.exceptions.ProxyError) is not None:
        return Unavailable(f"No connection to {host}: the proxy fails ({_proxy_reason(causes)}).")
    if not call.reached:
        return Unavailable(f"No connection to {host}: {_reason(causes, call)}.")
    broken = _first(causes, BrokenBody)
    what = f"the answer is damaged ({broken})" if broken is not None else _reason(causes, call)
    return Unavailable(f"The exchange with {host} broke: {what}.", reached=True)


def _reason(causes: Sequence[BaseException], call: Call) -> str:
    if _first(causes, socket.gaierror) is not None:
        return "its name cannot be resolved"
    if _first(causes, ConnectionRefusedError) is not None:
        return "it refuses connections"
    if any(timed_out(one) for one in causes):
        return "no answer in time" if call.reached else "it does not answer"
    if _first(causes, ssl.SSLError) is not None:
        return "TLS failed"
    if _first(causes, ConnectionError) is not None:
        return "the connection was reset"
    return type(causes[-1]).__name__


def _proxy_reason(causes: Sequence[BaseException]) -> str:
    """What the proxy did. http.client puts the status of a refused tunnel into words only."""
    for one in causes:
        found = re.search(r"Tunnel connection failed: (\d{3})", str(one))
        if found:
            return f"it answers {found[1]}"
    if _first(causes, socket.gaierror) is not None:
        return "its name cannot be resolved"
    if _first(causes, ConnectionRefusedError) is not None:
        return "it refuses connections"
    return "no tunnel"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that is wrapped in it: requests and urllib3 nest in args, reason and
    context."""
    todo: list[Any] = [error]
    seen: set[int] = set()
    while todo:
        one = todo.pop(0)
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            todo += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]


def _first(causes: Sequence[BaseException], kind: type[Any]) -> Any:
    return next((one for one in causes if isinstance(one, kind)), None)


def timed_out(error: BaseException) -> bool:
    return any(
        isinstance(one, (TimeoutError, urllib3.exceptions.TimeoutError, requests.Timeout))
        for one in _causes(error)
    )
