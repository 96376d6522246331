"""Addons: licences that fit together, the files every addon has, requirements.txt."""

import pytest

from mailbox_tools import modules, paths, requirements

#: Licences that an addon of a given licence may build upon.
BUILDS_ON = {
    "LGPL-3": {"LGPL-3"},
    "AGPL-3": {"LGPL-3", "AGPL-3"},
}


@pytest.mark.parametrize("addon", paths.own_addons())
def test_licence_allows_the_dependencies(addon: str) -> None:
    allowed = BUILDS_ON[str(modules.manifest(addon)["license"])]
    licences = {
        name: str(modules.manifest(name).get("license", "LGPL-3"))
        for name in modules.closure([addon])
    }
    assert {name: found for name, found in licences.items() if found not in allowed} == {}


@pytest.mark.parametrize("addon", paths.own_addons())
@pytest.mark.parametrize("name", ["__init__.py", "pyproject.toml", "readme/DESCRIPTION.md"])
def test_addon_has_the_usual_files(addon: str, name: str) -> None:
    assert (paths.ADDONS / addon / name).is_file()


def test_requirements_are_current() -> None:
    text = (paths.REPOSITORY / "requirements.txt").read_text(encoding="utf-8")
    expected = requirements.render(paths.ADDONS, paths.REPOSITORY / "core")
    assert text == expected, "run: make requirements"
