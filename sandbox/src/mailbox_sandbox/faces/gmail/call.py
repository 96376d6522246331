"""One call of one method: who asks for what, with parameters and body read strictly."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import Any

from ...account import Account
from ...faults import FaultPlan
from ...identity import AccessToken
from ...quota import QuotaLedger
from ...world import World
from ..exchange import Incoming
from . import problems
from .spec import Method, Param

#: Accepted on every method (discovery document, "parameters").
COMMON = frozenset(
    {"alt", "fields", "prettyPrint", "quotaUser", "key", "access_token", "oauth_token",
     "callback", "uploadType", "upload_protocol", "$.xgafv"}
)  # fmt: skip
MAX_ID = 128


@dataclass
class Services:
    """What every call may use."""

    world: World
    faults: FaultPlan
    quota: QuotaLedger


@dataclass
class Call:
    """A checked call. ``params`` holds parsed query parameters, ``body`` the JSON object."""

    services: Services
    account: Account
    token: AccessToken
    method: Method
    path: dict[str, str]
    params: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    media: bytes | None = None

    @property
    def world(self) -> World:
        """The world."""
        return self.services.world

    def lag(self) -> float:
        """Return the newest moment this call may see (fault ``list_lag`` holds news back)."""
        now = self.world.clock.now()
        fault = self.services.faults.peek("gmail", self.method.name, self.account.email, "list_lag")
        return now - float(fault.args.get("seconds", 5)) if fault else float("inf")

    def only_metadata(self) -> bool:
        """Tell whether the token may read no more than headers."""
        wider = set(self.method.scopes) - {s for s in self.method.scopes if "metadata" in s}
        return not wider & self.token.scopes

    def raw(self) -> bytes:
        """Return the message of the body (``raw`` or uploaded media). Raises ApiError."""
        if self.media is not None:
            return self.media
        return decode_raw(self.message_body().get("raw"))

    def message_body(self) -> dict[str, Any]:
        """Return the Message object of the body (drafts wrap it)."""
        if "message" not in self.method.body:
            return self.body
        message = self.body.get("message", {})
        if not isinstance(message, dict):
            raise problems.bad_request("Invalid value at 'message'")
        return message

    def strings(self, name: str, limit: int) -> list[str]:
        """Return a list of strings of the body. Raises ApiError."""
        value = self.body.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise problems.bad_request(f"Invalid value at '{name}' (TYPE_STRING)")
        if len(value) > limit:
            raise problems.invalid(f"Too many {name}: {len(value)}, limit {limit}")
        return value


def decode_raw(value: object) -> bytes:
    """Decode base64url with or without padding; standard alphabet is refused, as Gmail does."""
    if not isinstance(value, str) or not value:
        raise problems.invalid("'raw' RFC822 payload message string or uploading message via "
                               "/upload/* URL required")  # fmt: skip
    try:
        if "+" in value or "/" in value:
            raise ValueError("standard alphabet")
        packed = value.rstrip("=\r\n")
        return base64.b64decode(packed + "=" * (-len(packed) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise problems.bad_request("Invalid value at 'raw' (TYPE_BYTES), Base64 decoding failed "
                                   f'for "{value[:40]}"') from None  # fmt: skip


def read_params(method: Method, incoming: Incoming) -> dict[str, Any]:
    """Parse the query strictly. Raises ApiError for unknown names, bad enums and bad numbers."""
    known = {param.name: param for param in method.params}
    found: dict[str, Any] = {}
    for name, value in incoming.query:
        param = known.get(name)
        if param is None:
            if name not in COMMON:
                raise problems.unknown_query_parameter(name)
            continue
        parsed = _value(param, value)
        if param.repeated:
            found.setdefault(name, []).append(parsed)
        elif name in found:
            raise problems.bad_request(f"Proto field is not repeating, cannot start list: {name}")
        else:
            found[name] = parsed
    _check_common(incoming)
    return found


def _value(param: Param, text: str) -> Any:
    if param.enum:
        if text.lower() not in {item.lower() for item in param.enum}:
            raise problems.bad_request(f"Invalid value at '{param.name}' (TYPE_ENUM), \"{text}\"")
        return next(item for item in param.enum if item.lower() == text.lower())
    if param.kind == "boolean":
        if text.lower() not in ("true", "false", "1", "0"):
            raise problems.bad_request(f"Invalid value at '{param.name}' (TYPE_BOOL), \"{text}\"")
        return text.lower() in ("true", "1")
    if param.kind in ("integer", "uint64"):
        if not text.isascii() or not text.isdigit() or len(text) > 20:
            kind = "TYPE_UINT64" if param.kind == "uint64" else "TYPE_UINT32"
            raise problems.bad_request(f"Invalid value at '{param.name}' ({kind}), \"{text}\"")
        return int(text)
    return text


def _check_common(incoming: Incoming) -> None:
    if incoming.first("alt") not in ("", "json", "media"):
        raise problems.bad_request(f"Invalid value at 'alt': {incoming.first('alt')}")
    if len(incoming.first("quotaUser")) > 40:
        raise problems.bad_request("quotaUser is at most 40 characters")
    if incoming.first("prettyPrint").lower() not in ("", "true", "false"):
        raise problems.bad_request("Invalid value at 'prettyPrint' (TYPE_BOOL)")
    if incoming.first("$.xgafv") not in ("", "1", "2"):
        raise problems.bad_request("Invalid value at '$.xgafv'")


def read_body(method: Method, incoming: Incoming) -> dict[str, Any]:
    """Parse a JSON body strictly. Raises ApiError for other types and unknown fields."""
    if not incoming.body.strip():
        return {}
    kind = incoming.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise problems.bad_request(f"Unsupported content type: {kind or '(none)'}")
    return check_object(method, incoming.body)


def check_object(method: Method, text: bytes) -> dict[str, Any]:
    """Parse *text* as the request object of *method*. Raises ApiError."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise problems.bad_request(f"Invalid JSON payload received. {error}") from None
    if not isinstance(data, dict):
        raise problems.bad_request("Invalid JSON payload received. Object expected.")
    for name in data:
        if name not in method.body:
            raise problems.unknown_field(name)
    return data


def check_id(value: str) -> str:
    """Return a message or thread id of the path. Raises ApiError when it cannot be one."""
    if len(value) > MAX_ID:
        raise problems.invalid("Invalid id value")
    try:
        int(value, 16)
    except ValueError:
        raise problems.invalid("Invalid id value") from None
    return value
