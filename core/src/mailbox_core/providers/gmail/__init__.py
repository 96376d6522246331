"""Gmail through its REST API."""

from ...registry import CloudSpec, ProviderSpec, PushSpec
from . import cloud
from .adapter import make
from .costs import PROFILES
from .pull import GmailPull
from .push import WATCH_SCOPES, decode
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
    push=PushSpec(
        decode,
        lambda endpoints: endpoints.google_certs,
        WATCH_SCOPES,
        GmailPull,
        CloudSpec(cloud.script, cloud.file_name, cloud.account, cloud.client_project),
    ),
)

__all__ = ["SPEC"]
