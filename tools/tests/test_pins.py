"""Odoo's pins, adjusted so that they install from wheels."""

from pathlib import Path

from mailbox_tools import pins

OFFICIAL = """\
# The officially supported versions
gevent==23.9.1 ; sys_platform != 'win32' and python_version == '3.10'  # bumped from 21.8.0
greenlet==2.0.2 ; sys_platform != 'win32' and python_version > '3.10'
lxml==4.9.3 ; python_version > '3.10'
lxml-html-clean; python_version >= '3.12'
psycopg2==2.9.5 ; python_version == '3.11'
python-ldap==3.4.0 ; sys_platform != 'win32'
pypiwin32 ; sys_platform == 'win32'
pytz  # no version pinning
"""


def test_what_does_not_install_is_adjusted() -> None:
    assert pins.usable(OFFICIAL) == [
        "gevent==23.9.1 ; sys_platform != 'win32' and python_version == '3.10'",
        "psycopg2-binary==2.9.5 ; python_version == '3.11'",
        "pytz",
        "lxml==5.2.1 ; python_version < '3.13'",
        "lxml>=5.3,<6 ; python_version >= '3.13'",
        "lxml-html-clean",
    ]


def test_an_odoo_with_its_own_requirements_is_believed(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("polib==9.9\n")
    assert "polib==9.9" in pins.odoo_requirements(tmp_path)


def test_an_odoo_without_them_gets_ours(tmp_path: Path) -> None:
    found = pins.odoo_requirements(tmp_path)
    assert any(line.startswith("Werkzeug==") for line in found)
    assert not any(line.startswith("greenlet") for line in found)
