"""Is a notification authentic? The provider's keys are kept per process; mail is not touched.

The order of checks is the order of cost, and every refusal looks the same from outside but for its
status: 401 no token, 403 a token that proves nothing, 503 when we cannot tell.
"""

import logging
import threading
import time
from dataclasses import dataclass
from functools import lru_cache

from mailbox_core.errors import ProviderError
from mailbox_core.net.jwt import KeySet, TokenRejected, TokenVerifier
from mailbox_core.net.oauth import oauth_http

_logger = logging.getLogger(__name__)

#: Google's pushes for Gmail are a few hundred bytes; Pub/Sub's own limit is far above this.
MAX_BODY = 64 * 1024
#: Seconds between two log lines about the same kind of refusal.
_QUIET = 60.0


@dataclass(frozen=True)
class Accepted:
    """One audience a webhook answers to: whose signature counts, for the mailboxes of which company
    (None: all)."""

    audience: str
    signers: frozenset
    company_id: int | None


class Unwelcome(Exception):
    """The request ends with ``status``; ``reason`` is for our log only."""

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status = status
        self.reason = reason


@lru_cache(maxsize=8)
def key_set(url, endpoints):
    """The signing keys behind an address, fetched when first needed and again when they rotate."""
    return KeySet(lambda: oauth_http(endpoints).request("GET", url))


def authenticate(accepted, keys, authorization, now=time.time):
    """The ``Accepted`` that a token is for, checked with a KeySet. Raises Unwelcome."""
    if not (authorization or "").lower().startswith("bearer "):
        raise Unwelcome(401, "missing")
    if not accepted:
        raise Unwelcome(503, "no audience or signer configured")
    reason = ""
    for one in accepted:
        try:
            TokenVerifier(keys, one.audience, one.signers, now=now).verify(authorization)
        except TokenRejected as rejected:
            reason = rejected.reason
        except ProviderError as error:
            raise Unwelcome(503, f"signing keys: {error.detail}") from None
        else:
            return one
        if reason != "audience":
            break
    raise Unwelcome(403, reason)


class _Grumbler:
    """Logs each kind of refusal at most once a minute: strangers must not fill the disk."""

    def __init__(self):
        self._lock = threading.Lock()
        self._last = {}
        self._kept_back = {}

    def log(self, status, reason):
        """Say that a request was refused, never what was in it."""
        moment = time.monotonic()
        with self._lock:
            if moment - self._last.get(reason, -_QUIET) < _QUIET:
                self._kept_back[reason] = self._kept_back.get(reason, 0) + 1
                return
            self._last[reason] = moment
            more = self._kept_back.pop(reason, 0)
        _logger.warning("Refused a notification with %s: %s (%s more since)", status, reason, more)


grumbler = _Grumbler()
