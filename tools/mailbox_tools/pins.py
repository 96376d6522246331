"""Turns Odoo's own requirement pins into a set that installs from wheels.

Each change answers a trap in the official file, see :func:`usable`.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from mailbox_tools import paths

#: lxml 4.9 and 5.2 have no wheels for the newest Python versions and differ from what Odoo's own
#: suites were seen to pass with; below 5.2 the HTML cleaner was still part of lxml.
_LXML = (
    "lxml==5.2.1 ; python_version < '3.13'",
    "lxml>=5.3,<6 ; python_version >= '3.13'",
    "lxml-html-clean",
)

#: greenlet: the official pin contradicts the pin of gevent. python-ldap: needs a compiler and
#: serves only auth_ldap. The last one is for Windows.
_DROPPED = {"greenlet", "python-ldap", "pypiwin32", "lxml", "lxml-html-clean"}


def usable(text: str) -> list[str]:
    """Return the requirement lines of an Odoo requirements file, adjusted so that they install.

    greenlet is left unpinned, psycopg2 becomes its binary build (no compiler, no headers), lxml
    is one version for every Python, and what only another system needs is dropped.
    """
    return [*_adjusted(text), *_LXML]


def _adjusted(text: str) -> Iterator[str]:
    for raw in text.splitlines():
        line = raw.split("#", 1)[0].strip()
        name = re.match(r"[A-Za-z0-9_.-]+", line)
        if not name or name[0].lower() in _DROPPED:
            continue
        yield re.sub(r"^psycopg2\b(?!-)", "psycopg2-binary", line)


def odoo_requirements(home: Path) -> list[str]:
    """Return the adjusted pins of the Odoo at ``home``, else those we carry for Odoo 19."""
    own = home / "requirements.txt"
    source = own if own.is_file() else paths.DATA / "odoo-19-pins.txt"
    return usable(source.read_text(encoding="utf-8"))
