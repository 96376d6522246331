"""Reads addon manifests: what a set of addons depends on, and a fingerprint of our own files."""

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from mailbox_tools import paths
from mailbox_tools.env import ToolingError

#: What in an addon has no part in the state of a database it is installed in.
_IRRELEVANT = {"tests", "__pycache__", "readme", "i18n"}


@cache
def _folder(name: str) -> Path:
    for path in paths.addons_path():
        if (path / name / "__manifest__.py").is_file():
            return path / name
    raise ToolingError(f"there is no addon {name} on the addons path")


def manifest(name: str) -> dict[str, object]:
    """Return the manifest of an addon. Raises ToolingError when there is no such addon."""
    text = (_folder(name) / "__manifest__.py").read_text(encoding="utf-8")
    values = ast.literal_eval(text)
    assert isinstance(values, dict)
    return values


def closure(names: Iterable[str]) -> list[str]:
    """Return the addons and all they depend on, sorted."""
    found: set[str] = set()
    open_ends = list(names)
    while open_ends:
        name = open_ends.pop()
        if name in found:
            continue
        found.add(name)
        depends = manifest(name).get("depends", [])
        assert isinstance(depends, list)
        open_ends += depends
    return sorted(found)


def split(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the closure of some addons as (upstream ones, this repository's own)."""
    own = set(paths.own_addons())
    everything = closure(names)
    return [name for name in everything if name not in own], [
        name for name in everything if name in own
    ]


def fingerprint(names: Iterable[str]) -> str:
    """Return a hash over the files of our addons that shape a database they are installed in."""
    digest = hashlib.sha256()
    for name in sorted(names):
        root = paths.ADDONS / name
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            if not _IRRELEVANT & set(path.relative_to(root).parts):
                digest.update(str(path.relative_to(root.parent)).encode() + b"\0")
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
