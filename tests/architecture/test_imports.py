"""Who may import whom, where import-linter's contracts are not fine enough."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from mailbox_tools import paths, source_tree
from mailbox_tools.source_tree import Finding

CORE = paths.REPOSITORY / "core" / "src"

#: Parts of the core that only declare: they hold no behaviour that could tie others together.
DECLARATIONS = {"types", "errors", "capabilities", "contract", "scope"}

#: What each part of the core may import of ours, beside itself.
MAY_IMPORT = {
    "types": set(),
    "errors": set(),
    "redact": {"types", "errors"},
    "backoff": {"types", "errors"},
    "mime": {"types", "errors"},
    "net": DECLARATIONS | {"redact", "backoff", "mime"},
    "sync": DECLARATIONS | {"mime", "backoff"},
    "rules": {"types", "errors", "mime"},
    "conversations": {"types", "errors", "mime"},
}


def imports_of_ours() -> Iterator[tuple[Path, int, str, str]]:
    """Yield (file, line, importing part, imported part) for imports within the core."""
    for path, tree in source_tree.modules(["core/src"]):
        part = path.relative_to(CORE / "mailbox_core").with_suffix("").parts[0]
        for line, name in source_tree.imported(path, tree, CORE):
            parts = name.split(".")
            if parts[0] == "mailbox_core" and len(parts) > 1:
                yield path, line, part, parts[1]


def test_parts_of_the_core_import_only_what_they_may() -> None:
    modules = {path.stem for path in (CORE / "mailbox_core").iterdir()}
    found = [
        Finding(path, line, f"{part} imports {target}")
        for path, line, part, target in imports_of_ours()
        if part in MAY_IMPORT and target in modules - {part} - MAY_IMPORT[part]
    ]
    assert not found, "\n".join(map(str, found))


@pytest.mark.parametrize("part", sorted(MAY_IMPORT.keys() & {"types", "errors", "net", "sync"}))
def test_the_rule_is_about_parts_that_exist(part: str) -> None:
    package = CORE / "mailbox_core"
    assert (package / part).is_dir() or (package / f"{part}.py").is_file()


@pytest.mark.parametrize("addon", paths.own_addons())
def test_modules_of_an_addon_form_no_circle(addon: str) -> None:
    """Neither at run time nor for types. Packages are left out: they import what they hold."""
    needs = {}
    for path, tree in source_tree.modules([f"addons/{addon}"]):
        name = ".".join(path.relative_to(paths.ADDONS).with_suffix("").parts)
        if path.name != "__init__.py":
            needs[name] = {target for _, target in source_tree.imported(path, tree, paths.ADDONS)}
    order = TopologicalSorter({name: targets & needs.keys() for name, targets in needs.items()})
    order.prepare()


def test_no_import_inside_a_function() -> None:
    found = []
    for path, tree in source_tree.modules():
        if _is_odoo_cli(path):
            continue
        for function in source_tree.functions(tree):
            for node in ast.walk(function):
                if isinstance(node, (ast.Import, ast.ImportFrom)):
                    found.append(Finding(path, node.lineno, ast.unparse(node)))
    assert not found, "\n".join(map(str, found))


def _is_odoo_cli(path: Path) -> bool:
    """Odoo imports <addon>/cli/*.py without the addon's package, so these import lazily."""
    parts = path.relative_to(paths.REPOSITORY).parts
    return parts[0] == "addons" and "cli" in parts[2:-1]
