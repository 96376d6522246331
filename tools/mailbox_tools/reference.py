"""Writes docs/reference/models.md from the source of the addons: models, fields, rights, schedule.

Usage: python -m mailbox_tools.reference

It reads the source and needs no database, so that a test can tell at once when the page is stale.
"""

import ast
import csv
import inspect
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mailbox_tools import paths
from mailbox_tools.env import command_line, say

_HEAD = """# Models, fields, rights, schedule

Written by `make docs` from the source; do not edit it. The words are explained in
[words](words.md).
"""

#: Positional arguments of a field that name the model it leads to.
_RELATIONS = ("Many2one", "One2many", "Many2many")


@dataclass
class Field:
    """One field as its definition reads."""

    name: str
    kind: str
    label: str
    note: str


@dataclass
class Model:
    """One class of an addon: a model of ours, or what we add to one of Odoo's."""

    addon: str
    name: str
    own: bool
    transient: bool
    summary: str
    fields: list[Field] = field(default_factory=list)


def models(addon: Path) -> Iterator[Model]:
    """Yield the models an addon defines or extends, by file."""
    for path in sorted(addon.rglob("*.py")):
        if "tests" in path.relative_to(addon).parts:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                yield from _model(addon.name, node, ast.get_docstring(tree) or "")


def _model(addon: str, node: ast.ClassDef, about_file: str) -> Iterator[Model]:
    told = {
        target.id: _value(statement.value)
        for statement in node.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    extended = told.get("_inherit")
    extended = extended[0] if isinstance(extended, list | tuple) and extended else extended
    name = told.get("_name") or extended
    if not isinstance(name, str):
        return
    bases = {base.attr for base in node.bases if isinstance(base, ast.Attribute)}
    yield Model(
        addon,
        name,
        own="_name" in told and told["_name"] != extended,
        transient="TransientModel" in bases,
        summary=_first(ast.get_docstring(node) or about_file),
        fields=list(_fields(node)),
    )


def _fields(node: ast.ClassDef) -> Iterator[Field]:
    for statement in node.body:
        call = getattr(statement, "value", None)
        if not (isinstance(statement, ast.Assign) and isinstance(call, ast.Call)):
            continue
        maker = call.func
        if not (
            isinstance(maker, ast.Attribute)
            and isinstance(maker.value, ast.Name)
            and maker.value.id == "fields"
        ):
            continue
        name = getattr(statement.targets[0], "id", "")
        options = {word.arg: _value(word.value) for word in call.keywords if word.arg}
        first = _value(call.args[0]) if call.args else None
        target = options.get("comodel_name", first) if maker.attr in _RELATIONS else None
        kind = f"{maker.attr} → `{target}`" if isinstance(target, str) else maker.attr
        label = options.get("string") or name.removesuffix("_id").removesuffix("_ids")
        yield Field(
            name, kind, str(label).replace("_", " ").capitalize(), str(options.get("help") or "")
        )


def _value(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def _first(text: str) -> str:
    """Return the first paragraph of a docstring in one line."""
    return " ".join(inspect.cleandoc(text).split("\n\n")[0].split())


def rights(addon: Path) -> dict[str, list[tuple[str, str]]]:
    """Return by model (with dots made underscores) which group may do what: letters of RWCD."""
    found: dict[str, list[tuple[str, str]]] = {}
    for path in sorted(addon.glob("security/ir.model.access.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                given = [row[f"perm_{word}"] for word in ("read", "write", "create", "unlink")]
                words = ("read", "write", "create", "delete")
                may = ", ".join(word for word, yes in zip(words, given, strict=True) if yes == "1")
                model = row["model_id:id"].rpartition("model_")[2]
                found.setdefault(model, []).append((row["group_id:id"] or "everybody", may or "—"))
    return found


def schedule(addon: Path) -> Iterator[tuple[str, str]]:
    """Yield the scheduled actions of an addon: name, how often."""
    for path in sorted(addon.glob("data/*.xml")):
        for record in ET.parse(path).getroot().iter("record"):
            if record.get("model") == "ir.cron":
                told = {part.get("name"): (part.text or "") for part in record.iter("field")}
                number, unit = told.get("interval_number", "1"), told.get("interval_type", "")
                yield told["name"], f"every {number} {unit}"


def jobs(addon: Path) -> Iterator[tuple[str, str]]:
    """Yield the job functions of an addon: model and method, channel."""
    for path in sorted(addon.glob("data/*.xml")):
        for record in ET.parse(path).getroot().iter("record"):
            if record.get("model") == "queue.job.function":
                told = {part.get("name"): part for part in record.iter("field")}
                model = (told["model_id"].get("ref") or "").removeprefix("model_")
                channel = told["channel_id"].get("ref") or ""
                yield f"{model}.{told['method'].text}", channel.removeprefix("channel_")


def text() -> str:
    """Return the page as it has to read."""
    return "\n".join([_HEAD, *(addon_text(paths.ADDONS / name) for name in paths.own_addons())])


def addon_text(addon: Path) -> str:
    """Return the chapter of one addon."""
    may = rights(addon)
    parts = [
        f"## {addon.name}\n",
        *(_section(model, may) for model in _joined(models(addon))),
        _table("### Scheduled actions", ("action", "when"), schedule(addon)),
        _table("### Jobs", ("job", "channel"), jobs(addon)),
    ]
    return "\n".join(part for part in parts if part)


def _joined(found: Iterable[Model]) -> list[Model]:
    """Return one model per name, with the fields of all the files of the addon that add to it."""
    by_name: dict[str, Model] = {}
    for model in sorted(found, key=lambda model: not model.own):
        known = by_name.setdefault(model.name, model)
        if known is not model:
            known.fields.extend(model.fields)
    told = (model for model in by_name.values() if model.own or model.fields)
    return sorted(told, key=lambda model: (not model.own, model.name))


def _section(model: Model, may: dict[str, list[tuple[str, str]]]) -> str:
    words = f"`{model.name}`" if model.own else f"Added to `{model.name}`"
    title = f"### {words}{' (wizard)' if model.transient and model.own else ''}\n"
    rows = ((f"`{f.name}`", f.kind, f.label, f.note) for f in model.fields)
    given = may.get(model.name.replace(".", "_"), []) if model.own else []
    return "\n".join(
        part
        for part in (
            title,
            f"{model.summary}\n" if model.summary else "",
            _table("", ("field", "kind", "label", "note"), rows),
            _table("", ("group", "may"), ((f"`{group}`", word) for group, word in given)),
        )
        if part
    )


def _table(title: str, head: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    lines = [_row(row) for row in rows]
    if not lines:
        return ""
    top = [title, ""] if title else []
    return "\n".join([*top, _row(head), _row(["---"] * len(head)), *lines, ""])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"


def page() -> Path:
    """Return where the page lies."""
    return paths.REPOSITORY / "docs" / "reference" / "models.md"


@command_line
def main(arguments: Sequence[str]) -> int:
    """Write the page and say whether it changed."""
    made = text()
    before = page().read_text(encoding="utf-8") if page().is_file() else ""
    page().write_text(made, encoding="utf-8")
    say(f"{page().name}: {'as it was' if made == before else 'written'}")
    return 0


if __name__ == "__main__":
    main()
