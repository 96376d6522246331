"""Sets of rows as one SQL expression: typed arrays, unnested side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

from odoo.tools import SQL


def unnest(types: Mapping[str, str], rows: Sequence[Mapping[str, Any]], alias: str = "v") -> SQL:
    """``unnest(...) AS v(a, b)`` of ``rows``; ``types`` names the columns and their PostgreSQL
    types."""
    arrays = [
        SQL("%s::%s[]", [row[name] for row in rows], SQL(type_))  # pylint: disable=sql-injection
        for name, type_ in types.items()
    ]
    return SQL("unnest(%s) AS %s", SQL(", ").join(arrays), named(alias, types))


def named(alias: str, names: Mapping[str, str] | Sequence[str]) -> SQL:
    """``alias(a, b)``."""
    return SQL("%s(%s)", SQL.identifier(alias), identifiers(names))


def identifiers(names: Mapping[str, str] | Sequence[str]) -> SQL:
    """``a, b``."""
    return SQL(", ").join(SQL.identifier(name) for name in names)


def columns(alias: str, names: Mapping[str, str] | Sequence[str]) -> SQL:
    """``alias.a, alias.b``."""
    return SQL(", ").join(SQL.identifier(alias, name) for name in names)


def assignments(alias: str, names: Mapping[str, str] | Sequence[str]) -> SQL:
    """``a = alias.a, b = alias.b``."""
    return SQL(", ").join(
        SQL("%s = %s", SQL.identifier(name), SQL.identifier(alias, name)) for name in names
    )
