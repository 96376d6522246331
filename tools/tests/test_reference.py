"""The reference of models reads as the source does."""

import re
from pathlib import Path

from mailbox_tools import paths, reference

_SOURCE = '''
"""What the file is about."""

from odoo import fields, models


class Thing(models.Model):
    _name = "mailbox.thing"

    owner_id = fields.Many2one("res.users", help="Who | whose.")
    kind = fields.Selection([("a", "A")], string="Sort of thing")


class More(models.Model):
    """More of it."""

    _inherit = "mailbox.thing"

    size = fields.Integer()


class Other(models.Model):
    _inherit = ["res.partner"]

    vip = fields.Boolean()


class Helper:
    text = "no model"
'''

_RIGHTS = """id,name,model_id:id,group_id:id,perm_read,perm_write,perm_create,perm_unlink
a,a,model_mailbox_thing,group_user,1,1,0,0
"""


def _addon(folder: Path) -> Path:
    (folder / "models").mkdir()
    (folder / "security").mkdir()
    (folder / "models" / "thing.py").write_text(_SOURCE)
    (folder / "security" / "ir.model.access.csv").write_text(_RIGHTS)
    return folder


def test_the_page_is_what_the_source_says() -> None:
    assert reference.page().read_text(encoding="utf-8") == reference.text(), "run make docs"


def test_fields_of_several_files_are_told_with_their_model(tmp_path: Path) -> None:
    page = reference.addon_text(_addon(tmp_path))
    assert "### `mailbox.thing`" in page
    assert "What the file is about." in page
    assert "| `owner_id` | Many2one → `res.users` | Owner | Who \\| whose. |" in page
    assert "| `kind` | Selection | Sort of thing |  |" in page
    assert page.index("`size`") < page.index("### Added to `res.partner`") < page.index("`vip`")
    assert "| `group_user` | read, write |" in page
    assert "Helper" not in page


def test_every_setting_of_the_server_is_told() -> None:
    page = (reference.page().parent / "settings.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `([a-z_.]+)` \|", page, re.MULTILINE))
    source = "\n".join(
        path.read_text(encoding="utf-8")
        for path in paths.ADDONS.rglob("*.py")
        if "tests" not in path.parts
    )
    options = set(re.findall(r"\b(?:option|_configured_keys)\(\s*\"([a-z_]+)\"", source))
    on_screen = set(re.findall(r"^    mailbox_([a-z_]+) = fields", source, re.MULTILINE))
    on_screen |= set(re.findall(r"config_parameter=\"mailbox_sync\.([a-z_]+)\"", source))
    defaults = (paths.ADDONS / "mailbox_sync" / "options.py").read_text(encoding="utf-8")
    known = set(re.findall(r"^    \"([a-z_]+)\": ", defaults, re.MULTILINE))
    parameters = {name.removeprefix("mailbox_sync.") for name in told if "." in name}
    assert options == {name for name in told if "." not in name}
    assert known and known - on_screen <= parameters <= known
