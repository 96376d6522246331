"""A capability that no contract test reads is a promise nobody checks."""

import ast

from mailbox_tools import paths, source_tree

CORE = paths.REPOSITORY / "core"


def declared() -> set[str]:
    """Return the fields of the Capabilities dataclass."""
    tree = source_tree.parse(CORE / "src" / "mailbox_core" / "capabilities.py")
    (found,) = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name == "Capabilities"
    )
    return {
        node.target.id
        for node in found.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


def test_every_capability_is_read_by_the_contract_suite() -> None:
    folders = ["core/src/mailbox_core/testing", "core/tests/contract"]
    read = {
        node.attr
        for _path, tree in source_tree.modules(folders)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
    }
    assert declared(), "no capability is declared"
    assert declared() - read == set()
