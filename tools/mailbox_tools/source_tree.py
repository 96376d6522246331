"""Walks the source files of this repository for the fitness tests."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mailbox_tools import paths

#: Folders with code of ours.
FOLDERS = ("core", "sandbox", "addons", "tools", "tests", "docs")

#: Folders that tools and other people's code leave in between.
_FOREIGN = {"__pycache__", "node_modules", "lib", "build", "dist", ".venv"}


@dataclass(frozen=True)
class Finding:
    """A place that breaks a rule; prints as file:line, so that an editor can jump there."""

    path: Path
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(paths.REPOSITORY)}:{self.line}: {self.what}"


def files(*suffixes: str, folders: Iterable[str] = FOLDERS) -> Iterator[Path]:
    """Yield our files with one of the suffixes, below the folders of the repository, sorted."""
    for folder in folders:
        for path in sorted((paths.REPOSITORY / folder).rglob("*")):
            inner = path.relative_to(paths.REPOSITORY).parts
            foreign = _FOREIGN & set(inner[:-1]) or any(part.startswith(".") for part in inner)
            if path.suffix in suffixes and path.is_file() and not foreign:
                yield path


def modules(folders: Iterable[str] = FOLDERS) -> Iterator[tuple[Path, ast.Module]]:
    """Yield every Python file with its syntax tree."""
    for path in files(".py", folders=folders):
        yield path, parse(path)


@cache
def parse(path: Path) -> ast.Module:
    """Return the syntax tree of a Python file. Raises SyntaxError."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method of a tree, nested ones too."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how many lines a function takes, from its name to its end, less its docstring."""
    first = function.body[0]
    is_docstring = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    end = function.end_lineno or function.lineno
    docstring = (first.end_lineno or 0) - first.lineno + 1 if is_docstring else 0
    return end - function.lineno + 1 - docstring


def imported(path: Path, tree: ast.Module, package_root: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, absolute module name) for every import of a file below ``package_root``.

    ``package_root`` is the folder on the import path. ``from . import name`` yields the name as a
    module of the package, which it may be.
    """
    package = list(path.relative_to(package_root).with_suffix("").parts[:-1])
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            yield node.lineno, base
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
