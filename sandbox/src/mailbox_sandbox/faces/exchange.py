"""A request and an answer without a transport: the same code serves HTTP and batch parts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.wrappers import Request

from ..wire import Wire, WiredResponse

JSON = "application/json; charset=UTF-8"
HTML = "text/html; charset=UTF-8"


@dataclass
class Incoming:
    """One request; header names are lower case, the query keeps order and repetition."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes = b""

    @classmethod
    def from_request(cls, request: Request) -> Incoming:
        """Take a Werkzeug request apart; ``x-http-method-override`` is honoured on POST."""
        headers = {name.lower(): value for name, value in request.headers}
        query = parse_query(request.query_string.decode("latin-1"))
        method, body = request.method, request.get_data(cache=True)
        override = headers.get("x-http-method-override", "").upper()
        if method == "POST" and override in ("GET", "PUT", "PATCH", "DELETE"):
            method = override
            if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
                query, body = query + parse_query(body.decode("latin-1")), b""
        return cls(method, request.path, query, headers, body)

    def without(self, name: str) -> Incoming:
        """Return the request without one of its query parameters."""
        return replace(self, query=[pair for pair in self.query if pair[0] != name])

    def first(self, name: str) -> str:
        """Return the first value of a query parameter, or an empty string."""
        return next((value for key, value in self.query if key == name), "")


def parse_query(text: str) -> list[tuple[str, str]]:
    """Return the pairs of a query string, blank values kept."""
    return parse_qsl(text, keep_blank_values=True)


@dataclass
class Outgoing:
    """One answer."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    wire: Wire | None = None

    @classmethod
    def json(cls, data: Any, status: int = 200, pretty: bool = False) -> Outgoing:
        """Make a JSON answer."""
        text = json.dumps(data, ensure_ascii=False, indent=2 if pretty else None)
        return cls(status, text.encode())

    def response(self) -> WiredResponse:
        """Turn into something the server can send."""
        response = WiredResponse(self.body, status=self.status)
        if self.status == 204:
            response.headers.pop("Content-Type", None)
        else:
            response.headers["Content-Type"] = self.content_type
        for name, value in self.headers.items():
            response.headers[name] = value
        response.wire = self.wire
        return response
