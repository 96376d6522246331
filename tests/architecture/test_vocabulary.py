"""What must not be written: provider names in decisions, commits, patches, places."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pip._internal.models.index import PyPI

from mailbox_tools import apt_source, paths, source_tree
from mailbox_tools.source_tree import Finding

REGISTRY = paths.REPOSITORY / "core" / "src" / "mailbox_core" / "registry.py"
PROVIDERS = paths.REPOSITORY / "core" / "src" / "mailbox_core" / "providers"

#: Code that must treat providers alike. The sandbox is left out: its faces are its own words.
NEUTRAL = ("core", "addons")


def provider_names() -> set[str]:
    """Return the names of the providers that have code in the core."""
    return {path.parent.name for path in PROVIDERS.glob("*/__init__.py")}


def compared_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield (line, text) for every text constant that is compared, tested for or matched.

    An assertion decides nothing: a provider's own test may say what the provider is called.
    """
    asserted = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
        for inner in ast.walk(node.test)
    }
    for node in (node for node in ast.walk(tree) if node not in asserted):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
        elif isinstance(node, ast.MatchValue):
            sides = [node.value]
        else:
            continue
        for side in sides:
            for part in ast.walk(side):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.lineno, part.value


def test_nothing_compares_with_a_providers_name() -> None:
    names = provider_names()
    assert names, "the core has no provider"
    found = [
        Finding(path, line, f"compares with {text!r}")
        for path, tree in source_tree.modules(NEUTRAL)
        if path != REGISTRY
        for line, text in compared_names(tree)
        if text in names
    ]
    quoted = re.compile(rf"(==|!=|['\"](=|!=|in)['\"], ?)\s*[\[(]?['\"]({'|'.join(names)})['\"]")
    for path in source_tree.files(".js", ".xml", folders=["addons"]):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if quoted.search(line):
                found.append(Finding(path, number, line.strip()))
    assert not found, "\n".join(map(str, found))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("if provider == 'gmail': pass", ["gmail"]),
        ("x = name in ('gmail', 'imap')", ["gmail", "imap"]),
        ("match name:\n  case 'gmail': pass", ["gmail"]),
        ("factory = {'gmail': make}", []),
        ("assert spec.name == 'gmail'", []),
    ],
)
def test_comparisons_are_recognised(code: str, expected: list[str]) -> None:
    assert [text for _line, text in compared_names(ast.parse(code))] == expected


def cursor_commits(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield (line, call) for every commit of a database cursor or connection."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            if node.func.attr == "commit" and re.search(r"(cr|cursor|cnx|connection)\b", owner):
                yield node.lineno, ast.unparse(node)


def test_no_commit_in_the_addons() -> None:
    found = [
        Finding(path, line, call)
        for path, tree in source_tree.modules(["addons"])
        if "cli" not in path.parts
        for line, call in cursor_commits(tree)
    ]
    assert not found, "\n".join(map(str, found))


@pytest.mark.parametrize(
    ("code", "count"), [("self.env.cr.commit()", 1), ("new_cr.commit()", 1), ("step.commit(x)", 0)]
)
def test_commits_are_recognised(code: str, count: int) -> None:
    assert len(list(cursor_commits(ast.parse(code)))) == count


def test_no_javascript_patches_core() -> None:
    found = [path for path in source_tree.files(".js") if path.stem.endswith("_patch")]
    assert not found, "\n".join(map(str, found))


def tracked_texts() -> Iterator[tuple[Path, str]]:
    """Yield the files that git knows, with their text; binary files are left out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=paths.REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    for name in filter(None, listed):
        path = paths.REPOSITORY / name
        try:
            yield path, path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue


def test_no_place_of_this_machine() -> None:
    places = {str(paths.REPOSITORY), f"{paths.REPOSITORY.parent}/shared", f"{Path.home()}/"}
    found = [
        Finding(path, text[: text.index(place)].count("\n") + 1, f"names {place}")
        for path, text in tracked_texts()
        for place in places
        if place in text
    ]
    assert not found, "\n".join(map(str, found))


def test_no_package_host() -> None:
    sources = apt_source.machine_sources(Path("/etc/apt"))
    addresses = [uri for source in sources for uri in source.uris]
    hosts = {re.sub(r"^[a-z+]+://([^/:]+).*$", r"\1", uri) for uri in addresses if "://" in uri}
    hosts |= {PyPI.netloc, PyPI.file_storage_domain}
    found = [
        Finding(path, text[: text.index(host)].count("\n") + 1, f"names {host}")
        for path, text in tracked_texts()
        for host in hosts
        if host in text
    ]
    assert not found, "\n".join(map(str, found))
