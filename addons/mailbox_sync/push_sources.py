"""Where notifications come from: who only sends forgeries soon costs no signature check any more.

Each source has a bucket of failures that fills again with time. The provider is not locked out:

- a token that was proved once is not asked about its source at all (Pub/Sub sends one for an hour);
- a source that has proved a token within a day is not limited, whatever else comes from there;
- addresses of the machine and of private networks are not limited: they are those of a reverse
  proxy, behind which everybody looks the same unless Odoo runs with ``proxy_mode``.

A new token of the provider from a source that never proved one and only forged is refused like the
forgeries; the provider delivers it again, and polling finds the mail meanwhile. Kept per process,
never stored; IPv6 counts by /64, which is what one subscriber gets (RFC 6177).
"""

import threading
import time
from collections import OrderedDict
from ipaddress import IPv6Address, ip_address

#: Forgeries that a source may have checked at once, and seconds until it may have another.
BURST, SECONDS = 20, 3.0
#: Seconds for which a source that has proved a token is trusted.
TRUST = 86400.0
#: Sources that are remembered, the most recent.
REMEMBERED = 4096


class Sources:
    """Counts forgeries by source. Thread-safe; ``clock`` counts seconds."""

    def __init__(self, clock=time.monotonic):
        self._clock = clock
        self._lock = threading.Lock()
        #: Failures and the moment they were counted at, and the last proof, by source.
        self._failures = OrderedDict()
        self._proofs = OrderedDict()

    def may_try(self, address):
        """Whether a token that nobody has seen yet may cost a check."""
        source = _source(address)
        if source is None:
            return True
        with self._lock:
            proof = self._proofs.get(source)
            if proof is not None and self._clock() - proof < TRUST:
                return True
            return self._level(source) <= BURST - 1

    def failed(self, address):
        """A token from there was checked and proved nothing."""
        source = _source(address)
        if source is None:
            return
        with self._lock:
            _remember(self._failures, source, (self._level(source) + 1, self._clock()))

    def proved(self, address):
        """An authentic notification came from there."""
        source = _source(address)
        if source is None:
            return
        with self._lock:
            self._failures.pop(source, None)
            _remember(self._proofs, source, self._clock())

    def _level(self, source):
        count, moment = self._failures.get(source, (0, 0.0))
        return max(0.0, count - (self._clock() - moment) / SECONDS)


def _remember(known, source, value):
    known[source] = value
    known.move_to_end(source)
    if len(known) > REMEMBERED:
        known.popitem(last=False)


def _source(address):
    """What counts as one source; None for who cannot be told apart."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    if found.is_private or found.is_loopback or found.is_link_local:
        return None
    return int(found) >> 64 if found.version == 6 else str(found)
