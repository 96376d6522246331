"""A person at the browser, reduced to what the demo needs: sign in to Odoo, call a method, walk a
consent page."""

import itertools
import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import requests

from mailbox_tools.env import ToolingError

#: Seconds. Opening the first page of a fresh database compiles assets.
_TIMEOUT = 120
#: Pages between pressing Connect and the result.
_LONGEST_WALK = 5


class OdooClient:
    """A signed-in session of Odoo's web client."""

    def __init__(
        self, url: str, database: str, login: str = "admin", password: str = "admin"
    ) -> None:
        self.url = url
        self.web = requests.Session()
        self.web.trust_env = False
        self._numbers = itertools.count(1)
        arguments = {"db": database, "login": login, "password": password}
        if not self._post("/web/session/authenticate", arguments).get("uid"):
            raise ToolingError(f"Odoo did not let {login} in")

    def call(self, model: str, method: str, *arguments: Any, **keywords: Any) -> Any:
        """Call a public method as the web client does. Raises ToolingError with Odoo's own
        message."""
        call = {"model": model, "method": method, "args": list(arguments), "kwargs": keywords}
        return self._post(f"/web/dataset/call_kw/{model}/{method}", call)

    def read(self, model: str, record: int, names: list[str]) -> dict[str, Any]:
        """Read one record."""
        found: dict[str, Any] = self.call(model, "read", [record], names)[0]
        return found

    def _post(self, path: str, parameters: dict[str, Any]) -> Any:
        body = {"jsonrpc": "2.0", "method": "call", "id": next(self._numbers), "params": parameters}
        answer = self.web.post(self.url + path, json=body, timeout=_TIMEOUT).json()
        if "error" in answer:
            detail = answer["error"].get("data", {})
            raise ToolingError(
                f"Odoo refused {path}: {detail.get('message') or answer['error']['message']}"
            )
        return answer.get("result")


class _Form(HTMLParser):
    """The first form of a page with its fields; tick boxes count as ticked."""

    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and self.action is None:
            self.action = given.get("action", "")
        elif self.action is None or not given.get("name"):
            return
        elif tag == "button" or given.get("type") == "submit":
            if given.get("value") in {"allow", "approve", "continue", "accept"}:
                self.fields.append((given["name"], given["value"]))
        elif tag == "input" and (given.get("type") != "radio" or "checked" in given):
            blank = "on" if given.get("type") in {"radio", "checkbox"} else ""
            self.fields.append((given["name"], given.get("value", blank)))


def _words(page: str) -> str:
    """The first words of a page that a person would read."""
    visible = re.sub(r"(?s)<(style|script|head)\b.*?</\1>|<[^>]*>", " ", page)
    return " ".join(visible.split())[:200]


def give_consent(web: requests.Session, address: str) -> None:
    """Walk from ``address`` over Odoo's page and the provider's consent page, ticking every box.

    Ends where a page without a form or Odoo's result is reached. Raises ToolingError when a page on
    the way is not what a person would expect.
    """
    page = web.get(address, timeout=_TIMEOUT)
    for _step in range(_LONGEST_WALK):
        if page.status_code >= 400:
            place = page.url.split("?")[0]
            raise ToolingError(
                f"connecting ended with {page.status_code} at {place}: {_words(page.text)}"
            )
        form = _Form()
        form.feed(page.text)
        if form.action is None or "/oauth/result" in page.url:
            return
        page = web.post(
            urljoin(page.url, form.action or page.url), data=form.fields, timeout=_TIMEOUT
        )
    raise ToolingError("connecting does not end: too many pages in a row ask for an answer")
