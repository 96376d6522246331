"""Gmail through its REST API."""

from ...registry import ProviderSpec
from .adapter import make
from .costs import PROFILES
from .signin import FIELDS, SCOPE_PROFILES, authorizer

SPEC = ProviderSpec(
    name="gmail",
    label="Gmail",
    provider=make,
    authorizer=authorizer,
    fields=FIELDS,
    scope_profiles=SCOPE_PROFILES,
    quota_profiles=PROFILES,
    authserv_ids=frozenset({"mx.google.com"}),
)

__all__ = ["SPEC"]
