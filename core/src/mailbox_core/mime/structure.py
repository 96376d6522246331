"""The MIME tree of a message as offsets into its octets; nothing is copied and nothing decoded.

Why not ``email.parser``: it builds the tree by recursion over lists of lines. 10,000 nested
multiparts end in RecursionError, and a message of 25 MB needs several times its size in memory.
This scanner looks for the delimiters of the multiparts that are open and jumps from one to the
next, so its cost is that of ``bytes.find`` and every bound of ``limits`` holds while it runs. The
golden tests compare its tree with the standard library's.

Paths number entities like RFC 3501 section 6.4.5: children of the root are ``1``, ``2`` …, theirs
``1.1`` …; a root that is no multipart has the path ``1``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from . import limits
from .headers import HeaderBlock, params, split, to_text

_NEVER = 1 << 62
_CLOSE = b"--"
_LOOKED_AT = 64 * 1024
_BARE_CR = re.compile(rb"\r[^\n]")


@dataclass(slots=True)
class Entity:
    """One node: header fields, type, and where its body lies in the message."""

    path: str
    fields: HeaderBlock
    body: int
    end: int
    content_type: str = "text/plain"
    parameters: dict[str, str] = field(default_factory=dict)
    multipart: bool = False
    children: list[Entity] = field(default_factory=list)


@dataclass(slots=True)
class Tree:
    """A scanned message. ``raw`` is what the offsets refer to."""

    raw: bytes
    root: Entity
    defects: set[str] = field(default_factory=set)

    def octets(self, entity: Entity, limit: int | None = None) -> bytes:
        """The body of an entity as it stands in the message, at most ``limit`` octets."""
        end = entity.end if limit is None else min(entity.end, entity.body + limit)
        return self.raw[entity.body : end]

    def leaves(self) -> Iterator[Entity]:
        """Entities without children, in order."""
        stack = [self.root]
        while stack:
            entity = stack.pop()
            if entity.children:
                stack.extend(reversed(entity.children))
            else:
                yield entity


@dataclass(slots=True)
class _Level:
    """An open multipart: the delimiter looked for and where its next one begins."""

    entity: Entity
    delimiter: bytes
    at: int = -1
    line_end: int = 0
    closing: bool = False
    parts: int = 0


def scan(raw: bytes) -> Tree:
    """The tree of any octets. Never raises; what could not be read is named in ``Tree.defects``."""
    defects: set[str] = set()
    raw = _with_lines(raw, defects)
    return Tree(raw, _Scanner(raw, defects).run(), defects)


def scan_head(raw: bytes) -> Tree:
    """The root of the tree alone, with its header: octets that end anywhere behind the header tell
    nothing about parts."""
    defects: set[str] = set()
    raw = _with_lines(raw, defects)
    return Tree(raw, _Scanner(raw, defects).head(0, "1", "text/plain"), defects)


def _with_lines(raw: bytes, defects: set[str]) -> bytes:
    if b"\n" in raw or b"\r" not in raw:
        return raw
    defects.add("line-ends")
    return raw.replace(b"\r", b"\n")  # old Macintosh line ends; offsets stay


class _Scanner:
    def __init__(self, raw: bytes, defects: set[str]) -> None:
        self.raw = raw
        self.size = len(raw)
        self.defects = defects
        self.levels: list[_Level] = []
        self.count = 0
        self.candidates = 0
        self.epilogue: int | None = None
        self.max_depth = max(2, min(limits.MAX_DEPTH, limits.SCAN_BYTES // (self.size + 1)))

    def run(self) -> Entity:
        root = self._entity(0, "", "text/plain")
        while self.levels:
            level = min(reversed(self.levels), key=lambda item: item.at)
            if level.at == _NEVER:
                self.defects.add("boundary")
                break
            self._check_epilogue(level.at)
            self._close_inner(level)
            if self.count >= limits.MAX_PARTS:
                self.defects.add("parts")
                break
            self._step(level)
        self._check_epilogue(self.size)
        if not root.multipart:
            root.path = "1"
        return root

    def _check_epilogue(self, until: int) -> None:
        """Name what stands behind the last part of a closed multipart, where no reader shows it."""
        if self.epilogue is not None:
            end = min(until, self.epilogue + _LOOKED_AT)
            if self.raw[self.epilogue : end].strip():
                self.defects.add("epilogue")
        self.epilogue = None

    def _step(self, level: _Level) -> None:
        """Go on behind the delimiter ``level`` stands at."""
        if level.closing:
            self.levels.pop()
            self.epilogue = level.line_end
            if not level.entity.children:
                self.epilogue = None
                level.entity.multipart = False
                self._as_text(level.entity)
            return
        start = level.line_end
        self._seek(level, start)
        if level.at == start and not level.closing:
            return  # the same delimiter twice in a row encloses nothing
        level.parts += 1
        parent = level.entity
        path = f"{parent.path}.{level.parts}" if parent.path else str(level.parts)
        default = "message/rfc822" if parent.content_type == "multipart/digest" else "text/plain"
        parent.children.append(self._entity(start, path, default))

    def _entity(self, start: int, path: str, default: str) -> Entity:
        """Read the header at ``start``; a multipart becomes a new open level."""
        entity = self.head(start, path, default)
        if entity.content_type.startswith("multipart/"):
            self._open(entity)
        return entity

    def head(self, start: int, path: str, default: str) -> Entity:
        """Read the header at ``start``."""
        self.count += 1
        bound = min((level.at for level in self.levels), default=self.size)
        bound = self._trim(min(bound, self.size), start)
        block, body = split(self.raw, start, bound)
        if block.cut or block.junk:
            self.defects.add("headers")
        if _BARE_CR.search(self.raw, start, body):
            self.defects.add("line-ends")  # some readers end the header there
        entity = Entity(path, block, min(body, bound), self.size)
        self._type(entity, default)
        return entity

    def _type(self, entity: Entity, default: str) -> None:
        raw = entity.fields.raw("content-type")
        entity.content_type = default
        if raw is None:
            return
        if len(entity.fields.all("content-type")) > 1:
            self.defects.add("content-type")
        kind, entity.parameters = params(to_text(raw)[0])
        major, slash, minor = kind.partition("/")
        if slash and major.strip() and minor.strip() and len(kind) <= 127 and kind.isascii():
            entity.content_type = f"{major.strip()}/{minor.strip()}".split(" ")[0].split(",")[0]
        else:
            entity.content_type = "text/plain"  # RFC 2045 section 5.2
            self.defects.add("content-type")

    def _open(self, entity: Entity) -> None:
        boundary = entity.parameters.get("boundary", "").rstrip().encode("utf-8", "replace")
        if len(self.levels) >= self.max_depth:
            self.defects.add("depth")
            return
        if not boundary or len(boundary) > limits.MAX_BOUNDARY:
            self._as_text(entity)
            return
        level = _Level(entity, b"--" + boundary)
        self._seek(level, entity.body)
        if level.at >= min((outer.at for outer in self.levels), default=_NEVER):
            self._as_text(entity)  # announced, but never seen in its own body
            return
        entity.multipart = True
        self.levels.append(level)
        if self.raw.find(b"\n--", max(0, entity.body - 1), level.at - 1) >= 0:
            self.defects.add("preamble")  # parts of another reading of this message

    def _as_text(self, entity: Entity) -> None:
        """A multipart that cannot be taken apart is shown as it stands."""
        self.defects.add("boundary")
        entity.content_type = "text/plain"

    def _seek(self, level: _Level, pos: int) -> None:
        """Find the next delimiter line of ``level`` at or after the line that begins at ``pos``."""
        raw, delimiter = self.raw, level.delimiter
        level.at = _NEVER
        at = pos if raw.startswith(delimiter, pos) else self._next_line(delimiter, pos)
        while at >= 0:
            after = at + len(delimiter)
            end = raw.find(b"\n", after, after + 200)
            last = end < 0 and after + 200 >= self.size
            if end >= 0 or last:
                tail = raw[after : end if end >= 0 else self.size].rstrip(b" \t\r")
                if tail in (b"", _CLOSE):
                    level.at = at
                    level.line_end = end + 1 if end >= 0 else self.size
                    level.closing = tail == _CLOSE
                    return
            self.candidates += 1
            if self.candidates > limits.MAX_CANDIDATES:
                self.defects.add("parts")
                return
            at = self._next_line(delimiter, after)

    def _next_line(self, delimiter: bytes, pos: int) -> int:
        at = self.raw.find(b"\n" + delimiter, max(0, pos - 1))
        return at + 1 if at >= 0 else -1

    def _close_inner(self, level: _Level) -> None:
        """End everything inside ``level`` before its delimiter."""
        while self.levels[-1] is not level:
            self.defects.add("boundary")
            inner = self.levels.pop()
            self._end(inner, level.at)
            inner.entity.end = self._trim(level.at, inner.entity.body)
        self._end(level, level.at)

    def _end(self, level: _Level, at: int) -> None:
        """The part that is open in ``level``, if any, ends before the line that begins at
        ``at``.
        """
        if level.entity.children:
            child = level.entity.children[-1]
            if child.end == self.size:
                child.end = self._trim(at, child.body)

    def _trim(self, at: int, least: int) -> int:
        """``at`` less the line end before it, which belongs to the delimiter (RFC 2046 section
        5.1.1).
        """
        if at == self.size and at != 0:
            return at
        if at > least and self.raw[at - 1] == 10:
            at -= 1
            if at > least and self.raw[at - 1] == 13:
                at -= 1
        return max(at, least)
