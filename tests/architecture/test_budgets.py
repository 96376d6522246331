"""Size budgets: files, functions, complexity, protocols."""

import ast
import subprocess
import sys

from mailbox_tools import paths, source_tree
from mailbox_tools.source_tree import Finding

FILE_LINES = 400
FUNCTION_LINES = 40
PROTOCOL_METHODS = 10


def test_files_are_short() -> None:
    found = []
    for path in source_tree.files(".py", ".js", ".scss"):
        lines = path.read_text(encoding="utf-8").count("\n")
        if lines > FILE_LINES:
            found.append(Finding(path, lines, f"{lines} lines, at most {FILE_LINES}"))
    assert not found, "\n".join(map(str, found))


def test_functions_are_short() -> None:
    found = [
        Finding(path, function.lineno, f"{function.name} has {source_tree.length(function)} lines")
        for path, tree in source_tree.modules()
        for function in source_tree.functions(tree)
        if source_tree.length(function) > FUNCTION_LINES
    ]
    assert not found, "\n".join(map(str, found))


def test_functions_are_simple() -> None:
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "C901"]
    limit = ["--config", "lint.mccabe.max-complexity=10", "--output-format", "concise"]
    folders = [name for name in source_tree.FOLDERS if (paths.REPOSITORY / name).is_dir()]
    done = subprocess.run(
        [*command, *limit, *folders],
        cwd=paths.REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_protocols_are_small() -> None:
    found = []
    protocols = 0
    for path, tree in source_tree.modules(["core/src"]):
        for node in ast.walk(tree):
            if not isinstance(node, ast.ClassDef) or "Protocol" not in map(ast.unparse, node.bases):
                continue
            protocols += 1
            methods = [member for member in node.body if isinstance(member, ast.FunctionDef)]
            if len(methods) > PROTOCOL_METHODS:
                found.append(Finding(path, node.lineno, f"{node.name}: {len(methods)} methods"))
    assert protocols, "the provider contract has no protocol"
    assert not found, "\n".join(map(str, found))
