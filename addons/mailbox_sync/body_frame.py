"""A mail body as the document of a frame: own content policy, no request before the reader asks.

What arrives here has been sanitised (``body_html.py``). This is the second barrier, and it does not
trust the first: under this policy nothing runs and nothing is loaded from elsewhere, whatever was
let through. Pure.
"""

import re
from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit

from lxml import etree, html

from mailbox_core.mime.quote import split_quote

SANDBOX = "allow-same-origin allow-popups allow-popups-to-escape-sandbox"
"""No scripts, no forms, no way to the top window. Same origin, so that the page around can measure
the height: harmless as long as scripts are not allowed as well."""

HELD_BACK = "data-mailbox-src"
"""Where the sanitiser keeps the address of a remote image."""

_OWN_COLOURS = re.compile(r"(?i)bgcolor|(?:color|background)[^=:;\"'<>]{0,12}[:=]")
_WEB_ADDRESS = re.compile(r"https?://[^\s<>\"'`{}|\\^]+")
_TRAILING = ".,;:!?)]}’”»'\""


@dataclass(frozen=True, slots=True)
class View:
    """How a body is shown: with remote images or without, on a dark page or a bright one.

    ``own_host``: the host of this Odoo, which a mail never calls (a picture's address could log
    somebody out).
    """

    remote: bool = False
    dark: bool = False
    own_host: str = ""


def frame_document(safe: str, text: str, view: View) -> str:
    """The complete page for a sanitised body, or for plain ``text`` where there is no HTML."""
    body = with_images(safe, view) if safe else text_to_html(text)
    paper = view.dark and bool(safe and _OWN_COLOURS.search(safe))
    scheme = "dark" if view.dark and not paper else "bright"
    return (
        "<!DOCTYPE html>"
        f'<html class="{scheme}{" paper" if paper else ""}"><head><meta charset="utf-8">'
        '<meta name="referrer" content="no-referrer">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<style>{_CSS}</style></head><body><div class="body" dir="auto">{body}</div></body></html>'
    )


def frame_policy(view: View, images: str) -> str:
    """The Content-Security-Policy of the page (CSP level 3). ``images``: where the message's own
    ones are."""
    sources = f"{images} data:" + (" https: http:" if view.remote else "")
    return "; ".join(
        (
            "default-src 'none'",
            f"img-src {sources}",
            "style-src 'unsafe-inline'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
            f"sandbox {SANDBOX}",
        )
    )


def with_images(safe: str, view: View) -> str:
    """Sanitised HTML with its remote images put in, or with a frame where each would be."""
    if HELD_BACK not in safe:
        return safe
    try:
        root = html.fragment_fromstring(safe, create_parent="div")
    except (etree.ParserError, ValueError):
        return escape(safe)
    for image in root.iter("img"):
        address = image.attrib.pop(HELD_BACK, "")
        if address and view.remote and not _is_own(address, view.own_host):
            image.set("src", address)
        elif address and not view.remote:
            image.set("data-held", "")
    return etree.tostring(root, encoding="unicode", method="html")


def text_to_html(text: str) -> str:
    """Plain text as HTML: addresses become links, the quotation is folded, nothing is cut."""
    new, quoted = split_quote(text)
    shown = f'<div class="text">{_linked(new)}</div>'
    if quoted.strip():
        folded = f'<div class="text quote">{_linked(quoted)}</div>'
        shown += f"<details><summary>…</summary>{folded}</details>"
    return shown


def _is_own(address: str, own_host: str) -> bool:
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return True
    return not host or host.casefold() == own_host.casefold()


def _linked(text: str) -> str:
    shown, last = [], 0
    for found in _WEB_ADDRESS.finditer(text):
        address = found.group(0).rstrip(_TRAILING)
        target = escape(address)
        shown.append(escape(text[last : found.start()]))
        shown.append(
            f'<a href="{target}" target="_blank" rel="noopener noreferrer nofollow">{target}</a>'
        )
        last = found.start() + len(address)
    shown.append(escape(text[last:]))
    return "".join(shown)


_CSS = """
html{color-scheme:light}
html.dark{color-scheme:dark}
body{margin:0;background:transparent;color:#1f2933;font:14px/1.55 system-ui,
-apple-system,"Segoe UI",Roboto,"Noto Sans",Arial,sans-serif;overflow-wrap:anywhere}
html.dark body{color:#e4e7eb}
html.dark a{color:#7cc4fa}
html.paper body{background:#fff;border-radius:6px;padding:12px}
.body{display:flow-root;overflow-x:auto;overflow-y:hidden}
.text{white-space:pre-wrap}
.quote{border-inline-start:3px solid #9aa5b1;padding-inline-start:12px;opacity:.8}
summary{cursor:pointer;display:inline-block;padding:0 10px 4px;margin:8px 0;border-radius:8px;
background:rgba(127,127,127,.18);list-style:none;line-height:1.2}
img{max-width:100%;height:auto}
img:not([src]){display:none}
img[data-held]{display:inline-block;border:1px dashed #9aa5b1;border-radius:4px;min-width:24px;
min-height:18px;color:#7b8794;font-size:12px;padding:0 4px}
blockquote{margin:8px 0 8px 4px;padding-inline-start:12px;border-inline-start:3px solid #cbd2d9}
pre{white-space:pre-wrap}
"""
