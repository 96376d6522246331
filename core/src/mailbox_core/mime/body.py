"""Which parts are the body and which are attachments; text, HTML and snippet of the body.

RFC 2046: of ``multipart/alternative`` the last form that can be shown wins, ``multipart/related``
is its root and the parts it uses, everything else is read in order. Parts are never glued together
raw: each HTML piece is made well-formed before another follows, so that an open tag of one cannot
swallow the next (the EFAIL class); encrypted and signed payloads are always listed apart.
"""

from __future__ import annotations

import html as html_escape
import re
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from . import limits, transfer
from .charset import decode as decode_text
from .charset import scrub
from .structure import Entity, Tree

_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]+")
_DROPPED_TAGS = [
    "script",
    "style",
    "head",
    "title",
    "template",
    "noscript",
    "plaintext",
    "xmp",
    "textarea",
]


@dataclass(slots=True)
class Piece:
    """Text of one place in the message: plain, HTML or both forms of the same."""

    path: str
    text: str | None = None
    html: str | None = None


@dataclass(slots=True)
class Selection:
    """What ``select`` found: the pieces of the body and the entities that are attachments."""

    pieces: list[Piece] = field(default_factory=list)
    attachments: list[Entity] = field(default_factory=list)
    related: set[str] = field(default_factory=set)
    uu: dict[str, list[transfer.UuFile]] = field(default_factory=dict)


@dataclass(slots=True)
class _Budget:
    text: int = limits.MAX_BODY
    html: int = limits.MAX_BODY


#: Open elements inside each other beyond which HTML is an attack and no mail.
_DEEP = 1000
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_ANY_TAG = re.compile(r"<[^<>]*>")
#: Elements that are empty, or end where the next one begins (HTML, "Optional tags").
_VOID = ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param")
_OPEN_ENDED = ("p", "li", "dd", "dt", "td", "th", "tr", "thead", "tbody", "tfoot", "option")
_NEVER_DEEP = frozenset({*_VOID, "source", "track", "wbr", *_OPEN_ENDED})


def encoding_of(entity: Entity) -> str:
    """The Content-Transfer-Encoding token, lower case, empty when there is none."""
    value = entity.fields.ascii("content-transfer-encoding").lower()
    return value.split(";")[0].split()[0] if value.strip(" ;") else ""


def disposition_of(entity: Entity) -> str:
    """``attachment``, ``inline`` or empty."""
    return entity.fields.ascii("content-disposition").lower().partition(";")[0].strip()


class Selector:
    """One walk over a tree. Depth is bounded by the tree."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.found = Selection()
        self.budget = _Budget()
        self.hint: str | None = None

    def run(self) -> Selection:
        """The selection of the whole tree."""
        self.found.pieces = self._visit(self.tree.root, first=True)
        return self.found

    def _visit(self, entity: Entity, first: bool) -> list[Piece]:
        if not entity.multipart:
            return self._leaf(entity, first)
        if entity.content_type == "multipart/alternative":
            return self._alternative(entity, first)
        if entity.content_type == "multipart/related":
            return self._related(entity, first)
        if entity.content_type == "multipart/encrypted":
            self._attach(entity)
            return []
        pieces: list[Piece] = []
        for child in entity.children:
            if len(pieces) >= limits.MAX_BODY_PIECES:
                self._attach(child)
            else:
                pieces += self._visit(child, first and not pieces)
        return pieces

    def _attach(self, entity: Entity) -> None:
        if entity.multipart:
            for child in entity.children:
                self._attach(child)
        else:
            self.found.attachments.append(entity)

    def _alternative(self, entity: Entity, first: bool) -> list[Piece]:
        """The last plain and the last HTML form. Other forms stay reachable as attachments."""
        forms: list[list[Piece]] = [self._visit(child, first) for child in entity.children]
        plain = next((form for form in reversed(forms) if _has_text(form)), None)
        rich = next((form for form in reversed(forms) if _has_html(form)), None)
        for child, form in zip(entity.children, forms, strict=True):
            if form and form is not plain and form is not rich:
                self._attach(child)
        if plain is None or rich is None or plain is rich:
            return rich or plain or []
        text = join_text(plain)
        if len(rich) == 1:
            return [Piece(rich[0].path, text, rich[0].html)]
        return [Piece(entity.path, text, join_html(rich))]

    def _related(self, entity: Entity, first: bool) -> list[Piece]:
        """The root (RFC 2387 section 3.2) is shown; the others are there for its sake."""
        start = entity.parameters.get("start", "").strip("<> ")
        root = next(
            (child for child in entity.children if start and content_id(child) == start), None
        )
        pieces: list[Piece] = []
        for child in entity.children:
            if (root is None and not pieces) or child is root:
                pieces += self._visit(child, first)
            else:
                self.found.related.add(child.path)
                self._attach(child)
        return pieces

    def _leaf(self, entity: Entity, first: bool) -> list[Piece]:
        if not is_body(entity, first):
            self._attach(entity)
            return []
        rich = entity.content_type == "text/html"
        room = self.budget.html if rich else self.budget.text
        octets = self._octets(entity, room)
        if not rich:
            octets = self._without_uu(entity, octets)
        text, guessed = decode_text(octets, entity.parameters.get("charset"), self.hint)
        self.hint = self.hint or entity.parameters.get("charset")
        if guessed:
            self.tree.defects.add("charset")
        text = text.replace("\r\n", "\n")
        if rich:
            self.budget.html -= len(octets)
            return [Piece(entity.path, None, text)]
        self.budget.text -= len(octets)
        if entity.parameters.get("format", "").lower() == "flowed":
            text = unflow(text, entity.parameters.get("delsp", "").lower() == "yes")
        return [Piece(entity.path, text, None)]

    def _octets(self, entity: Entity, room: int) -> bytes:
        """Decoded octets of a text part, cut to ``room``; a part that was cut is listed as a
        file too.
        """
        encoding = encoding_of(entity)
        octets = transfer.decode(self.tree.octets(entity, room * 4 + 64), encoding)
        if len(octets) > room or entity.end - entity.body > room * 4 + 64:
            self.tree.defects.add("body")
            self.found.attachments.append(entity)
            octets = octets[:room]
        if encoding == "base64" and not octets and entity.end - entity.body > 8:
            self.tree.defects.add("encoding")
        return octets

    def _without_uu(self, entity: Entity, octets: bytes) -> bytes:
        if b"\nbegin" not in octets and not octets.startswith(b"begin"):
            return octets
        files = transfer.uu_files(octets)
        if not files:
            return octets
        self.found.uu[entity.path] = files
        kept: list[bytes] = []
        last = 0
        for file in files:
            kept.append(octets[last : file.start])
            last = file.end
        return b"".join([*kept, octets[last:]])


def content_id(entity: Entity) -> str | None:
    """The Content-ID without brackets, as ``cid:`` links use it (RFC 2392)."""
    raw = entity.fields.raw("content-id")
    value = scrub(raw[:1000].decode("utf-8", "replace")).strip().strip("<>").strip() if raw else ""
    return "".join(value.split()) or None


def is_body(entity: Entity, first: bool) -> bool:
    """Whether a leaf is shown as text; ``first`` when no text was found before it."""
    if entity.content_type not in ("text/plain", "text/html"):
        return False
    if disposition_of(entity) == "attachment":
        return False
    if first:
        return True
    named = (
        "name" in entity.parameters
        or b"filename" in (entity.fields.raw("content-disposition") or b"").lower()
    )
    return not named


def _has_text(form: list[Piece]) -> bool:
    return any(piece.text is not None for piece in form) and not _has_html(form)


def _has_html(form: list[Piece]) -> bool:
    return any(piece.html is not None for piece in form)


def join_text(pieces: list[Piece]) -> str | None:
    """All plain text in order; pieces that are only HTML are turned into text when others are
    not.
    """
    if all(piece.text is None for piece in pieces):
        return None
    texts = [
        piece.text if piece.text is not None else html_to_text(piece.html or "") for piece in pieces
    ]
    return "\n\n".join(text for text in (part.strip("\n") for part in texts) if text)


def join_html(pieces: list[Piece]) -> str | None:
    """One HTML document: a single piece as it came, several each well-formed inside a border of
    its own.
    """
    rich = [piece for piece in pieces if piece.html is not None]
    if not rich:
        return None
    if len(pieces) == 1:
        return rich[0].html
    return "\n".join(
        f'<div data-mailbox-part="{piece.path}">{_closed(piece)}</div>'
        for piece in pieces
        if (piece.html or piece.text or "").strip()
    )


def _closed(piece: Piece) -> str:
    if piece.html is None:
        return f'<div style="white-space:pre-wrap">{html_escape.escape(piece.text or "")}</div>'
    try:
        tree = LexborHTMLParser(piece.html)
        tree.strip_tags(
            ["script", "template", "noscript", "plaintext", "xmp", "textarea", "frameset"]
        )
        head = "".join(node.html or "" for node in tree.css("head > style"))
        return head + ((tree.body.inner_html or "") if tree.body else "")
    except (SelectolaxError, ValueError, RuntimeError):
        return html_escape.escape(html_to_text(piece.html))


def is_deep(html: str) -> bool:
    """Whether elements are nested so deeply that a tree of them takes the parser quadratic time."""
    if html.count("<") <= _DEEP:
        return False
    depth = 0
    for closing, name in _TAG.findall(html):
        if closing:
            depth = max(0, depth - 1)
        elif name.lower() not in _NEVER_DEEP:
            depth += 1
            if depth > _DEEP:
                return True
    return False


def html_to_text(html: str, limit: int = limits.MAX_BODY) -> str:
    """Visible text of at most ``limit`` characters of HTML; blocks become lines. Linear in time:
    what is nested too deeply to be mail loses its tags without being understood."""
    html = html[:limit]
    if is_deep(html):
        return scrub(_ANY_TAG.sub(" ", html))
    try:
        tree = LexborHTMLParser(html)
        tree.strip_tags(_DROPPED_TAGS, recursive=True)
        root = tree.body or tree.root
        text = root.text(deep=True, separator="\n", strip=True) if root else ""
    except (SelectolaxError, ValueError, RuntimeError):
        text = _ANY_TAG.sub(" ", html)
    return scrub(text)


def unflow(text: str, delsp: bool) -> str:
    """Join the soft line breaks of ``format=flowed`` text (RFC 3676 section 4)."""
    lines: list[str] = []
    open_depth = -1
    buffer: list[str] = []
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content[1:] if content.startswith(" ") else content
        flowed = content.endswith(" ") and content != "-- "
        if buffer and (depth != open_depth or content == "-- "):
            lines.append("".join(buffer))
            buffer = []
        if not buffer:
            buffer.append(">" * depth + (" " if depth else ""))
            open_depth = depth
        buffer.append(content[:-1] if flowed and delsp else content)
        if not flowed:
            lines.append("".join(buffer))
            buffer = []
    if buffer:
        lines.append("".join(buffer))
    return "\n".join(lines)


def one_line(text: str) -> str:
    """White space collapsed, invisible characters gone."""
    return " ".join(_INVISIBLE.sub("", text).split())
