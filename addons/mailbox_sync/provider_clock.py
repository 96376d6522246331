"""The clocks of the providers as this process knows them, one for all mailboxes of each."""

from datetime import timedelta
from functools import lru_cache

from mailbox_core.net.clock import ProviderClock

#: Beyond this nothing is put right: a clock so wrong is a matter for the administrator.
LIMIT = timedelta(hours=1)


@lru_cache(maxsize=32)
def of(provider, endpoints):
    """The clock of a provider, by its name and addresses."""
    return ProviderClock()


def ahead(clock):
    """How far a clock is ahead of ours, as a timedelta; zero when that is beyond the limit."""
    found = timedelta(seconds=clock.ahead())
    return found if abs(found) <= LIMIT else timedelta(0)
