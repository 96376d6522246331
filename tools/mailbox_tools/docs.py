"""Checks the documentation: links and their anchors lead somewhere, Python examples parse, tests
that a page names exist.

Usage: python -m mailbox_tools.docs
"""

import ast
import re
import subprocess
import textwrap
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from urllib.parse import unquote

from mailbox_tools import paths
from mailbox_tools.env import command_line

_FENCE = re.compile(r"^( *)(```+|~~~+)(\w*)[^\n]*\n(.*?)^\1\2[ ]*$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(`+)[^`].*?\1", re.DOTALL)
_LINK = re.compile(r"!?\[[^]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_TEST = re.compile(r"`([\w/.-]+\.py)::(\w+)`")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)


def pages() -> list[Path]:
    """Return every Markdown page that git knows or would add."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(
        command, cwd=paths.REPOSITORY, capture_output=True, text=True, check=True
    )
    found = (paths.REPOSITORY / name for name in listed.stdout.split("\0") if name)
    return sorted(path for path in found if path.is_file())


def anchor(heading: str) -> str:
    """Return the anchor that a heading gets: lower case, words joined by dashes."""
    plain = re.sub(r"[`*]|\[([^]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")


def anchors(text: str) -> set[str]:
    """Return the anchors of a page."""
    return {anchor(heading) for heading in _HEADING.findall(_FENCE.sub("", text))}


def problems(page: Path, text: str) -> Iterator[str]:
    """Yield what is wrong with a page, as "line: what"."""
    prose = _CODE.sub(_blank, _FENCE.sub(_blank, text))
    for match in _LINK.finditer(prose):
        trouble = _broken(page, unquote(match[1]), text)
        if trouble:
            yield f"{_line(prose, match.start())}: {trouble}"
    for match in _FENCE.finditer(text):
        if match[3] in ("python", "py"):
            try:
                ast.parse(textwrap.dedent(match[4]))
            except SyntaxError as error:
                yield f"{_line(text, match.start())}: Python example: {error.msg}"
    for match in _TEST.finditer(text):
        if match[2] not in _tests(match[1]):
            yield f"{_line(text, match.start())}: {match[1]} has no test {match[2]}"


@cache
def _tests(name: str) -> frozenset[str]:
    """Return the names of the functions of a file; none when there is no such file."""
    file = paths.REPOSITORY / name
    if not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef))


def _broken(page: Path, target: str, text: str) -> str:
    """Return why a link leads nowhere, or nothing. Addresses on the web are not followed."""
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return ""
    name, _, wanted = target.partition("#")
    destination = (page.parent / name).resolve() if name else page
    if not destination.exists():
        return f"{target} does not exist"
    if wanted and destination.suffix == ".md":
        there = destination.read_text(encoding="utf-8") if name else text
        if wanted not in anchors(there):
            return f"{target}: no such heading"
    return ""


def _blank(match: re.Match[str]) -> str:
    """Keep the lines of what is cut out, so that line numbers stay true."""
    return "\n" * match[0].count("\n")


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


@command_line
def main(arguments: Sequence[str]) -> int:
    """Check every page and print what is wrong."""
    found = [
        f"{page.relative_to(paths.REPOSITORY)}:{problem}"
        for page in pages()
        for problem in problems(page, page.read_text(encoding="utf-8"))
    ]
    print(
        "\n".join(found)
        if found
        else f"{len(pages())} pages, every link leads somewhere, every named test exists"
    )
    return 1 if found else 0


if __name__ == "__main__":
    main()
