"""requirements.txt, generated from manifests."""

from pathlib import Path

from mailbox_tools import requirements


def addon(folder: Path, name: str, *lines: str) -> None:
    """Write an addon that asks for Python packages."""
    (folder / name).mkdir(parents=True)
    values = {"name": name, "external_dependencies": {"python": list(lines)}}
    (folder / name / "__manifest__.py").write_text(repr(values))


def test_each_requirement_once_and_the_core_from_the_checkout(tmp_path: Path) -> None:
    addons, core = tmp_path / "addons", tmp_path / "core"
    addon(addons, "one", "mailbox-core>=0.1", "nh3>=0.2.18,<1")
    addon(addons, "two", "nh3 >= 0.2.18, <1", "Babel")
    core.mkdir()
    (core / "pyproject.toml").touch()
    text = requirements.render(addons, core)
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert [line.replace(" ", "") for line in lines] == [
        "./core[language]",
        "Babel",
        "nh3>=0.2.18,<1",
    ]


def test_an_addon_without_needs_adds_nothing(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "__manifest__.py").write_text("{'name': 'plain'}")
    assert requirements.external(tmp_path) == []
