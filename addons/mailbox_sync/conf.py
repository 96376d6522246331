"""What the operator of the server decides, outside every database: section [mailbox] of odoo.conf.

Each option may also be given as an environment variable MAILBOX_<OPTION> (upper case), which wins.
Nothing here is ever read from a record: whoever can write a system parameter must not be able to
redirect tokens.
"""

import configparser
import functools
import logging
import os
from pathlib import Path

from odoo.tools import config

from mailbox_core.errors import Refused
from mailbox_core.net.endpoints import Endpoints
from mailbox_core.net.public import Network, networks

from . import crypto

_logger = logging.getLogger(__name__)
SECTION = "mailbox"


def option(name: str, default: str = "") -> str:
    """The value of one option, stripped: environment first, then odoo.conf, then ``default``."""
    from_environment = os.environ.get(f"MAILBOX_{name.upper()}", "").strip()
    return from_environment or _section().get(name, "").strip() or default


def option_source(name: str) -> str:
    """Where ``option`` found its value, in words for a person; empty when it is not set."""
    if os.environ.get(f"MAILBOX_{name.upper()}", "").strip():
        return f"environment variable MAILBOX_{name.upper()}"
    if _section().get(name, "").strip():
        return f"{name} in section [{SECTION}] of {config['config']}"
    return ""


def _section() -> dict[str, str]:
    path = config["config"]
    try:
        changed = os.stat(path).st_mtime_ns if path else 0
    except OSError:
        return {}
    return _read_section(path, changed) if path else {}


@functools.lru_cache(maxsize=4)
def _read_section(path: str, _changed: int) -> dict[str, str]:
    """The section of one version of the file. Odoo's own reader knows section [options] only."""
    parser = configparser.RawConfigParser()
    try:
        parser.read([path], encoding="utf-8")
    except configparser.Error as error:
        _logger.error("Section [%s] of %s cannot be read: %s", SECTION, path, error)
        return {}
    return dict(parser.items(SECTION)) if parser.has_section(SECTION) else {}


def endpoints() -> Endpoints:
    """Where the providers live: their public addresses, or the configured base (sandbox, national
    cloud), and the HTTP proxy on the way there, if any (``proxy``).

    Raises Refused when the configured base would send tokens over plain http, or when the proxy is
    no address.
    """
    base, proxy = option("google_base_url"), option("proxy")
    return Endpoints.google_at(base, proxy) if base else Endpoints(proxy=proxy)


def webhook_networks() -> tuple[Network, ...]:
    """Networks that rules may call although they are not of the public internet.

    Raises Refused when the option cannot be read.
    """
    try:
        return networks(option("webhook_networks"))
    except ValueError as error:
        raise Refused(f"Option webhook_networks of section [{SECTION}]: {error}") from None


def key_file() -> Path:
    """Path of the key file used when no key is configured."""
    named = option("secret_key_file")
    return Path(named) if named else Path(config["data_dir"]) / crypto.KEY_FILE_NAME


def keyring() -> crypto.Keyring:
    """The keys for secrets at rest: configured ones first, then the key file, made when there is no
    key.

    Read afresh each time, so that running workers follow a rotation. Raises crypto.SecretError.
    """
    configured = _configured_keys("secret_key")
    older = _configured_keys("secret_key_old")
    path = key_file()
    stored = crypto.read_key_file(path)
    if not configured and not stored:
        stored, created = crypto.create_key_file(path)
        if created:
            _logger.warning(
                "No key for secrets was configured: created %s. Back it up apart from the "
                "database; without it every mailbox has to be connected again.",
                path,
            )
    return crypto.make_keyring([*configured, *stored, *older])


def _configured_keys(name: str) -> list[crypto.Key]:
    return crypto.parse_keys(option(name), option_source(name))
