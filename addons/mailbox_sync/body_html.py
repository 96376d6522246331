"""Mail HTML made safe to show, a second and stricter pass after Odoo's own sanitiser. Pure.

What is allowed is listed, everything else goes: unknown elements lose their tag, dangerous ones
their content, attributes not on the list disappear (``id`` and ``name`` among them: they would
shadow globals of the page). Nothing that is left can make a browser fetch something before the
reader asks for it: remote images wait in ``data-mailbox-src``, styles with any function that takes
an address are cut.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree, html
from odoo.tools.mail import html_sanitize

_TAGS = frozenset(
    [
        "a",
        "abbr",
        "address",
        "article",
        "aside",
        "b",
        "bdi",
        "bdo",
        "big",
        "blockquote",
        "br",
        "caption",
        "center",
        "cite",
        "code",
        "col",
        "colgroup",
        "dd",
        "del",
        "details",
        "dfn",
        "div",
        "dl",
        "dt",
        "em",
        "figcaption",
        "figure",
        "font",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "i",
        "img",
        "ins",
        "kbd",
        "li",
        "main",
        "mark",
        "nav",
        "ol",
        "p",
        "pre",
        "q",
        "s",
        "samp",
        "section",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "time",
        "tr",
        "tt",
        "u",
        "ul",
        "var",
        "wbr",
    ]
)
_DROPPED = frozenset(
    [
        "applet",
        "audio",
        "base",
        "button",
        "canvas",
        "dialog",
        "embed",
        "fieldset",
        "form",
        "frame",
        "frameset",
        "head",
        "iframe",
        "input",
        "keygen",
        "link",
        "map",
        "math",
        "meta",
        "noembed",
        "noframes",
        "noscript",
        "object",
        "optgroup",
        "option",
        "param",
        "plaintext",
        "portal",
        "script",
        "select",
        "slot",
        "source",
        "style",
        "svg",
        "template",
        "textarea",
        "title",
        "track",
        "video",
        "xmp",
    ]
)
_ATTRIBUTES = frozenset(
    [
        "abbr",
        "align",
        "alt",
        "bgcolor",
        "border",
        "cellpadding",
        "cellspacing",
        "cite",
        "color",
        "colspan",
        "datetime",
        "dir",
        "face",
        "headers",
        "height",
        "href",
        "lang",
        "noshade",
        "nowrap",
        "open",
        "reversed",
        "rowspan",
        "scope",
        "size",
        "span",
        "src",
        "start",
        "style",
        "title",
        "type",
        "valign",
        "value",
        "width",
    ]
)
_LINKS = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)
_REMOTE = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_DATA_IMAGE = re.compile(
    r"data:image/(?:png|gif|jpe?g|webp);base64,[A-Za-z0-9+/=\s]+\Z", re.IGNORECASE
)
_UNSAFE_STYLE = re.compile(
    r"[\\@<>]|url|image|expression|attr\s*\(|var\s*\(|/\*|position|behavior", re.IGNORECASE
)
_CONTROL = re.compile(r"[\x00-\x20\u00ad\u200b-\u200f\u2028-\u202e\ufeff]+")
#: Characters of HTML that are sanitised; the rest of a monster is cut, the source keeps it.
_CHARACTERS = 2_000_000


@dataclass(frozen=True, slots=True)
class SafeHtml:
    """``html`` to show, None for no HTML; ``has_remote``: images were held back."""

    html: str | None
    has_remote: bool = False


def safe_html(source: str | None, parts: Mapping[str, str]) -> SafeHtml:
    """``source`` made safe. ``parts``: address by Content-ID, for the message's own images."""
    if not source or not source.strip():
        return SafeHtml(None)
    first = html_sanitize(
        source[:_CHARACTERS],
        sanitize_attributes=True,
        sanitize_style=True,
        sanitize_form=True,
        strip_classes=True,
    )
    try:
        root = html.fragment_fromstring(str(first), create_parent="div")
    except (etree.ParserError, ValueError):
        return SafeHtml(None)
    remote = False
    for element in list(root.iter()):
        if element is root:
            continue
        if not isinstance(element.tag, str) or element.tag in _DROPPED:
            _remove(element)
        elif element.tag not in _TAGS:
            element.drop_tag()
        else:
            _clean_attributes(element)
            remote |= _clean_addresses(element, parts)
    return SafeHtml(etree.tostring(root, encoding="unicode", method="html"), remote)


def _remove(element) -> None:
    """Take out an element with its content; the text behind it stays. Comments have no
    ``drop_tree``."""
    if element.getparent() is None:
        return
    if isinstance(element.tag, str):
        element.drop_tree()
        return
    previous, parent, tail = element.getprevious(), element.getparent(), element.tail or ""
    if previous is not None:
        previous.tail = (previous.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    parent.remove(element)


def _clean_attributes(element) -> None:
    for name in list(element.attrib):
        if name not in _ATTRIBUTES:
            del element.attrib[name]
    style = element.attrib.pop("style", "")
    kept = [
        part.strip() for part in style.split(";") if part.strip() and not _UNSAFE_STYLE.search(part)
    ]
    if kept:
        element.set("style", "; ".join(kept))


def _clean_addresses(element, parts: Mapping[str, str]) -> bool:
    """Bend or cut what points elsewhere; returns whether a remote image was held back."""
    href = element.attrib.pop("href", None)
    if href is not None and element.tag == "a":
        target = _CONTROL.sub("", href)
        if _LINKS.match(target):
            element.set("href", href.strip())
            element.set("target", "_blank")
            element.set("rel", "noopener noreferrer nofollow")
    element.attrib.pop("cite", None)
    source = element.attrib.pop("src", None)
    if source is None or element.tag != "img":
        return False
    address = _CONTROL.sub("", source)
    if address.lower().startswith("cid:"):
        own = parts.get(address[4:]) or parts.get(f"<{address[4:]}>")
        if own:
            element.set("src", own)
        return False
    if _DATA_IMAGE.match(address):
        element.set("src", address)
        return False
    if _REMOTE.match(address):
        element.set("data-mailbox-src", address)
        return True
    return False
