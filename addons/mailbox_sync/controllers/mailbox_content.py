"""Parts and source of messages as files: access by record rules, never shown inside our own
origin."""

from urllib.parse import quote

from odoo import http
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.http import request

from ..store.raw import RawMissing

#: A file is saved, or shown as an image of a message; it may never run or load anything.
_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; sandbox"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "private, max-age=3600"),
)
#: Types that are told as they are; SVG and everything else travels as plain octets.
_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


class MailboxContent(http.Controller):
    @http.route(
        "/mailbox/part/<int:message_id>/<string:path>", type="http", auth="user", methods=["GET"]
    )
    def part(self, message_id, path):
        """One part of a message."""
        line = request.env["mailbox.attachment"].search(
            [("message_id", "=", message_id), ("path", "=", path)], limit=1
        )
        if not line:
            raise request.not_found()
        try:
            octets = line._octets()
        except (AccessError, MissingError):
            raise request.not_found() from None
        except UserError as error:
            return request.make_response(
                str(error), [("Content-Type", "text/plain; charset=utf-8")], status=503
            )
        mimetype = line.mimetype if line.mimetype in _IMAGES else "application/octet-stream"
        return _file(octets, mimetype, line.name or path)

    @http.route("/mailbox/source/<int:message_id>", type="http", auth="user", methods=["GET"])
    def source(self, message_id):
        """The message as it was received, quarantined ones too."""
        message = request.env["mailbox.message"].search([("id", "=", message_id)], limit=1)
        if not message:
            raise request.not_found()
        try:
            octets = message.sudo()._source()
        except RawMissing:
            raise request.not_found() from None
        return _file(octets, "application/octet-stream", f"message-{message_id}.eml")


def _file(octets, mimetype, name):
    """``name`` as RFC 6266 and RFC 8187 say, with nothing in it that a path could be made of."""
    safe = (
        "".join(char for char in name if char.isprintable() and char not in '/\\:"').strip(". ")
        or "file"
    )
    plain = safe.encode("ascii", "replace").decode().replace("?", "_")
    disposition = (
        f"attachment; filename=\"{plain[:150]}\"; filename*=UTF-8''{quote(safe[:150], safe='')}"
    )
    headers = [
        *_HEADERS,
        ("Content-Type", mimetype),
        ("Content-Length", str(len(octets))),
        ("Content-Disposition", disposition),
    ]
    return request.make_response(octets, headers)
