"""The frame that shows a body."""

from urllib.parse import urlsplit

from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from ..body_frame import View, frame_document, frame_policy


class MailboxFrame(http.Controller):
    @http.route("/mailbox/body/<int:message_id>", type="http", auth="user", methods=["GET"])
    def body(self, message_id, remote="", dark=""):
        """The body of one message as a page of its own. ``remote``: with images from elsewhere."""
        message = request.env["mailbox.message"].search([("id", "=", message_id)], limit=1)
        if not message:
            raise request.not_found()
        own = urlsplit(request.httprequest.host_url)
        view = View(remote=remote == "1", dark=dark == "1", own_host=own.hostname or "")
        try:
            content = message.get_body()
            page = frame_document(content["html"], content["text"], view)
        except UserError as error:
            page = frame_document("", str(error), view)
        images = f"{own.scheme}://{own.netloc}/mailbox/part/"
        return request.make_response(
            page,
            [
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Security-Policy", frame_policy(view, images)),
                ("X-Content-Type-Options", "nosniff"),
                ("X-Frame-Options", "SAMEORIGIN"),
                ("Referrer-Policy", "no-referrer"),
                ("Cache-Control", "private, no-store"),
                ("Cross-Origin-Resource-Policy", "same-origin"),
            ],
        )
