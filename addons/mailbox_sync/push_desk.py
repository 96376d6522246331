"""Is a notification authentic? The provider's keys are kept per process; mail is not touched.

The order of checks is the order of cost, and every refusal looks the same from outside but for its
status: 401 no token, 403 a token that proves nothing, 429 when that has been tried too often from
there, 503 when we cannot tell.
"""

import logging
import threading
import time
from dataclasses import dataclass
from functools import lru_cache

from mailbox_core.errors import ProviderError
from mailbox_core.net.jwt import KeySet, TokenRejected, TokenVerifier, bearer
from mailbox_core.net.oauth import oauth_http

from .push_sources import Sources

_logger = logging.getLogger(__name__)

#: Google's pushes for Gmail are a few hundred bytes; Pub/Sub's own limit is far above this.
MAX_BODY = 64 * 1024


@dataclass(frozen=True)
class Accepted:
    """One audience a webhook answers to: whose signature counts, for the mailboxes of which company
    (None: all), and the settings that say so."""

    audience: str
    signers: frozenset
    company_id: int | None
    config_id: int


class Unwelcome(Exception):
    """The request ends with ``status``; ``reason`` is for our log only.

    ``word``: the reason as one stable word, for the push settings with ``config_ids`` (empty: all
    of the provider); empty when the request says nothing about how push is set up.
    """

    def __init__(self, status, reason, word="", config_ids=()):
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.word = word
        self.config_ids = list(config_ids)


@lru_cache(maxsize=8)
def key_set(url, endpoints):
    """The signing keys behind an address, fetched when first needed and again when they rotate."""
    return KeySet(lambda: oauth_http(endpoints).request("GET", url))


def authenticate(accepted, keys, authorization, source="", now=time.time):
    """The ``Accepted`` that a token is for, checked with a KeySet. Raises Unwelcome.

    ``source``: the address of who calls. A token that has been proved before costs nothing and is
    never refused for what others send from there (see ``push_sources``).
    """
    token = bearer(authorization)
    if not token:
        raise Unwelcome(401, "missing", "missing")
    if not accepted:
        raise Unwelcome(503, "no audience or signer configured", "unconfigured")
    known = keys.proved(token) is not None
    if not known and not sources.may_try(source):
        raise Unwelcome(429, "too many forged tokens from one source")
    try:
        found = _found(accepted, keys, authorization, now)
    except Unwelcome as unwelcome:
        if not known and unwelcome.status == 403:
            sources.failed(source)
        raise
    sources.proved(source)
    return found


def _found(accepted, keys, authorization, now):
    reason = ""
    for one in accepted:
        try:
            TokenVerifier(keys, one.audience, one.signers, now=now).verify(authorization)
        except TokenRejected as rejected:
            reason = rejected.reason
        except ProviderError as error:
            raise Unwelcome(503, f"signing keys: {error.detail}", "keys") from None
        else:
            return one
        if reason != "audience":
            raise Unwelcome(403, reason, reason, [one.config_id])
    raise Unwelcome(403, reason, reason)


class Pace:
    """Lets each kind of thing through once in ``seconds``, and counts what it held back."""

    def __init__(self, seconds):
        self._seconds = seconds
        self._lock = threading.Lock()
        self._last = {}
        self._kept_back = {}

    def take(self, kind):
        """How many there are to tell of, this one included; 0: keep quiet for now."""
        moment = time.monotonic()
        with self._lock:
            kept_back = self._kept_back.get(kind, 0)
            if moment - self._last.get(kind, -self._seconds) < self._seconds:
                self._kept_back[kind] = kept_back + 1
                return 0
            self._last[kind] = moment
            self._kept_back.pop(kind, None)
        return kept_back + 1

    def forget(self):
        """Begin anew."""
        with self._lock:
            self._last.clear()
            self._kept_back.clear()


#: Of this process.
sources = Sources()
#: Strangers must fill neither the disk with lines nor the database with updates.
log_pace, note_pace = Pace(60.0), Pace(2.0)


def grumble(status, reason):
    """Log that a request was refused, never what was in it; each kind once a minute."""
    count = log_pace.take(reason)
    if count:
        _logger.warning(
            "Refused a notification with %s: %s (%s more since)", status, reason, count - 1
        )
