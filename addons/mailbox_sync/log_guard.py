"""Keeps authorization codes out of the access log.

The provider puts the code into the query of the address it sends the browser to; Odoo's HTTP server
writes that address to the logger ``werkzeug``. This filter cuts the query off for the one path
concerned. A reverse proxy keeps a log of its own: see the how-to.
"""

import logging
import re

_QUERY = re.compile(r"(/mail/oauth2callback)\?[^\s\"'#]*")


class CallbackFilter(logging.Filter):
    """Replaces the query of the way back from a provider."""

    def filter(self, record):
        if isinstance(record.args, tuple):
            record.args = tuple(_cut(value) for value in record.args)
        record.msg = _cut(record.msg)
        return True


def _cut(value):
    return _QUERY.sub(r"\1?…", value) if isinstance(value, str) else value


def install():
    """Add the filter once, however often the registry is loaded."""
    logger = logging.getLogger("werkzeug")
    if not any(isinstance(known, CallbackFilter) for known in logger.filters):
        logger.addFilter(CallbackFilter())
