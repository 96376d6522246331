"""Where providers deliver notifications: public, POST only, small, and silent about what it knows.

202 is sent after the hint is committed. Neither token nor body reaches a log, and whether a mailbox
exists shows nowhere: a notification for an unknown one is accepted and forgotten.
"""

import logging
from datetime import datetime, timezone

from odoo import SUPERUSER_ID, http
from odoo.http import request
from werkzeug.exceptions import NotFound

from mailbox_core import registry
from mailbox_core.errors import Refused

from .. import conf, push_desk
from ..engine import notice
from ..push_desk import MAX_BODY, Unwelcome

_logger = logging.getLogger(__name__)
#: The second address lets a subscription set up for another product be kept.
PATHS = ["/mailbox/push/<string:provider>", "/maildesk/push/<string:provider>"]
_WORDS = {
    202: "accepted",
    401: "unauthorized",
    403: "refused",
    411: "length required",
    413: "too large",
    429: "too many",
    503: "not ready",
}


class MailboxPush(http.Controller):
    @http.route(
        PATHS,
        type="http",
        auth="none",
        methods=["POST"],
        csrf=False,
        save_session=False,
        readonly=False,
        sitemap=False,
        max_content_length=MAX_BODY,
    )
    def receive(self, provider, **_fields):
        """One notification."""
        received = datetime.now(timezone.utc)
        spec = registry.specs().get(provider)
        if spec is None or spec.push is None:
            raise NotFound()
        if request.db is None:
            # No database, or none that answers: the provider shall come again. Odoo gets this far
            # without one only where the addon is among server_wide_modules, else it says 404.
            return _answer(503)
        if "mailbox.push.config" not in request.env:
            raise NotFound()  # known to the server, not installed in this database
        try:
            accepted = self._authentic(provider, spec)
        except Unwelcome as unwelcome:
            push_desk.grumble(unwelcome.status, unwelcome.reason)
            notice.note_refusal(request.env.registry, provider, unwelcome)
            return _answer(unwelcome.status)
        self._note(provider, spec, accepted, received)
        return _answer(202)

    def _authentic(self, provider, spec):
        """The audience the request was accepted for. Raises Unwelcome."""
        length = request.httprequest.content_length
        if length is None:
            # Without a length nothing bounds what would have to be read.
            raise Unwelcome(411, "no length")
        if length > MAX_BODY:
            raise Unwelcome(413, "too large")
        env = request.env(user=SUPERUSER_ID)
        accepted = env["mailbox.push.config"]._accepted(provider)
        endpoints = conf.endpoints()
        keys = push_desk.key_set(spec.push.keys_url(endpoints), endpoints)
        asked = request.httprequest
        return push_desk.authenticate(
            accepted, keys, asked.headers.get("Authorization"), asked.remote_addr
        )

    def _note(self, provider, spec, accepted, received):
        """Make the hint durable. What cannot be read is acknowledged too: it would come again for
        seven days and never become legible."""
        try:
            hint = spec.push.decode(request.httprequest.get_data(), received)
        except Refused:
            push_desk.grumble(202, "authentic, but not legible")
            return
        # Odoo commits when this handler has returned, and answers only then.
        notice.note_within(request.env.cr, provider, hint, accepted.company_id)


def _answer(status):
    """The same few words for everybody."""
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")]
    return request.make_response(_WORDS[status] + "\n", headers, status=status)
