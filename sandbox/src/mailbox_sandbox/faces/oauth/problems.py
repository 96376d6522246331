"""Errors of the OAuth endpoints."""

from __future__ import annotations

import html

from ..exchange import HTML, Outgoing

_PAGE = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Error {code}: {name}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1rem;
color-scheme:light dark}}code{{font-size:.9em}}h1{{font-weight:500}}</style>
<h1>Access blocked: authorization error</h1>
<p>{text}</p><p><strong>Error {code}: {name}</strong></p>
<p><small>mailbox-sandbox, not Google</small></p></html>
"""


class TokenError(Exception):
    """A refusal of the token endpoint (RFC 6749 section 5.2)."""

    def __init__(self, code: int, error: str, description: str, subtype: str = "") -> None:
        super().__init__(description)
        self.code = code
        self.error = error
        self.description = description
        self.subtype = subtype

    def outgoing(self) -> Outgoing:
        """Render the JSON answer."""
        data = {"error": self.error, "error_description": self.description}
        if self.subtype:
            data["error_subtype"] = self.subtype
        return Outgoing.json(data, self.code)


class PageError(Exception):
    """A refusal shown to the person, without a redirect."""

    def __init__(self, code: int, name: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.name = name

    def outgoing(self) -> Outgoing:
        """Render the error page."""
        page = _PAGE.format(code=self.code, name=html.escape(self.name),
                            text=html.escape(str(self)))  # fmt: skip
        return Outgoing(self.code, page.encode(), HTML)


def invalid_grant(
    text: str = "Token has been expired or revoked.", subtype: str = ""
) -> TokenError:
    """400: nine reasons, one code."""
    return TokenError(400, "invalid_grant", text, subtype)
