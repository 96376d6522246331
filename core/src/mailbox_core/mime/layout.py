"""HTML as the lines that its reader sees: blocks and rows are lines, cells of a row stand apart.

For what reads a mail line by line, as signatures are read. A quotation (``blockquote``) is marked
with ``>`` as in plain text (RFC 3676 section 4.5), so that the same rules know it.
"""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from .body import html_to_text, is_deep
from .charset import scrub

#: HTML of so many characters is looked at.
_MAX = 200_000
_DROPPED = ["script", "style", "head", "title", "template", "noscript", "textarea"]
_BLOCKS = frozenset(
    ("address", "article", "blockquote", "center", "dd", "div", "dl", "dt", "fieldset", "figure",
     "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p",
     "pre", "section", "table", "tbody", "tfoot", "thead", "tr", "ul")
)  # fmt: skip
_CELLS = frozenset({"td", "th"})
_SPACE = re.compile(r"[ \t\r\n\f]+")
#: Between the cells of a row.
_APART = "\t"


def laid_out(html: str) -> str:
    """The visible lines of HTML. Linear in time; what is nested too deeply to be mail is given as
    ``html_to_text`` gives it."""
    html = html[:_MAX]
    if is_deep(html):
        return html_to_text(html)
    try:
        tree = LexborHTMLParser(html)
        tree.strip_tags(_DROPPED, recursive=True)
        root = tree.body
    except (SelectolaxError, ValueError, RuntimeError):
        root = None
    if root is None:
        return html_to_text(html)
    page = _Page()
    page.walk(root)
    return scrub(page.text())


class _Page:
    """The lines so far, and the one that is being written."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line = ""
        self._quoted = 0
        self._kept = 0
        self._pending = ""

    def walk(self, root: LexborNode) -> None:
        """Write down what is inside a node, without recursion."""
        node, leaving = root.child, False
        while node is not None:
            if not leaving:
                self._enter(node)
                if node.child is not None and node.tag != "-text":
                    node = node.child
                    continue
            self._leave(node)
            if node.next is not None:
                node, leaving = node.next, False
            else:
                parent = node.parent
                node = None if parent is None or parent.mem_id == root.mem_id else parent
                leaving = True

    def text(self) -> str:
        self._end()
        return "\n".join(self._lines)

    def _enter(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag == "-text":
            self._text(node.text_content or "")
        elif tag == "br":
            self._break()
        elif tag in _CELLS:
            self._pending = _APART if self._line.strip() else ""
        elif tag in _BLOCKS:
            self._begin_block(tag)

    def _begin_block(self, tag: str) -> None:
        # The block inside a cell begins where the cell does.
        if not self._pending:
            self._end()
        self._kept += tag == "pre"
        if tag == "blockquote":
            self._end()
            self._quoted += 1

    def _leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag in _BLOCKS:
            self._end()
        self._kept -= tag == "pre"
        if tag == "blockquote":
            self._quoted -= 1

    def _text(self, text: str) -> None:
        """Text as it is shown: in ``pre`` its lines are lines."""
        first, *others = text.split("\n") if self._kept else [text]
        self._write(first)
        for line in others:
            self._break()
            self._write(line)

    def _write(self, text: str) -> None:
        words = _SPACE.sub(" ", text)
        if not words.strip(" \xa0"):
            self._line += " " if self._line and not self._pending else ""
            return
        if self._pending:
            self._line = self._line.rstrip(" ") + self._pending
            self._pending = ""
        self._line += words if self._line else words.lstrip(" ")

    def _break(self) -> None:
        """A line break: an empty line stays one."""
        self._put(self._line.strip(" "))

    def _end(self) -> None:
        if self._line.strip(" "):
            self._put(self._line.strip(" "))
        self._line, self._pending = "", ""

    def _put(self, line: str) -> None:
        self._lines.append("> " * self._quoted + line)
        self._line, self._pending = "", ""
