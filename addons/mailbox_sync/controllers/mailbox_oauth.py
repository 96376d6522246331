"""Sign-in at a provider: the page before, the way there, the way back, the page after.

No code, state or token survives in the address bar, in logs or in records: the way back always
redirects, and ``log_guard`` cuts its query out of the access log.
"""

import logging
import secrets
from dataclasses import dataclass, replace
from functools import partial

from odoo import http
from odoo.exceptions import AccessError, UserError
from odoo.http import request
from werkzeug.exceptions import NotFound

from mailbox_core.errors import AuthorizationLost, ProviderError
from mailbox_core.net.oauth import oauth_failure

from .. import advice
from .. import signin_pages as pages
from ..models.mailbox_connect import CALLBACK_PATH
from ..models.mailbox_signin import origin
from ..token_source import FixedToken

_logger = logging.getLogger(__name__)
RESULT_PATH = "/mailbox/oauth/result"
_WORD, _RESULT = "mailbox_signin_word", "mailbox_signin_result"
_PRIVATE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "frame-ancestors 'none'",
}


@dataclass(frozen=True)
class Signed:
    """A sign-in that may be kept: for which mailbox, with what, and what the first call said."""

    mailbox: object
    grant: object
    scope_profile: str
    proved: bool
    trouble: object = None


class MailboxOAuth(http.Controller):
    # ------------------------------------------------------------------
    # There
    # ------------------------------------------------------------------

    @http.route(
        "/mailbox/oauth/start/<int:mailbox_id>",
        type="http",
        auth="user",
        methods=["GET"],
        sitemap=False,
    )
    def start(self, mailbox_id):
        """The page before: whose mailbox, what each permission buys, what is wrong with the
        address."""
        mailbox = self._mailbox(mailbox_id)
        findings = (
            request.env["mailbox.preflight"].sudo()._address_findings(request.httprequest.url_root)
        )
        values = {
            "mailbox": mailbox,
            "spec": mailbox._spec(),
            "profiles": mailbox._spec().scope_profiles,
            "feature": partial(advice.feature, request.env),
            "profile_labels": dict(
                mailbox._fields["scope_profile"]._description_selection(request.env)
            ),
            "blockers": [finding for finding in findings if finding.level == "bad"],
        }
        return self._render("mailbox_sync.signin_start", values)

    @http.route(
        "/mailbox/oauth/start/<int:mailbox_id>",
        type="http",
        auth="user",
        methods=["POST"],
        sitemap=False,
    )
    def leave(self, mailbox_id, scope_profile=""):
        """The person pressed Continue: remember the sign-in, bound to this web session, and send
        them off."""
        mailbox = self._mailbox(mailbox_id)
        word = request.session.get(_WORD)
        if not word:
            word = request.session[_WORD] = secrets.token_urlsafe(32)
        try:
            profile = mailbox._scope_profile(scope_profile or mailbox.scope_profile).name
            url = request.env["mailbox.signin"]._begin(mailbox, word, profile)
        except (UserError, ProviderError) as error:
            return self._result(pages.missing_setup(request.env, mailbox, error))
        return self._redirect(url)

    def _mailbox(self, mailbox_id):
        """The mailbox, if this person may connect it; for others it does not exist."""
        mailbox = request.env["mailbox"].browse(mailbox_id).exists()
        try:
            if mailbox:
                mailbox._check_operator()
        except AccessError:
            mailbox = mailbox.browse()
        if not mailbox or not mailbox.sudo()._spec().authorizer:
            raise NotFound()
        return mailbox

    # ------------------------------------------------------------------
    # Back
    # ------------------------------------------------------------------

    @http.route(CALLBACK_PATH, type="http", auth="public", methods=["GET"], sitemap=False)
    def callback(self, state=None, code=None, error=None, iss=None, preflight=None, **_others):
        """Where the provider sends the person: finishes the sign-in, then redirects to a clean
        address."""
        if preflight:
            proof = request.env["mailbox.preflight"].sudo()._proof(preflight)
            return request.make_json_response({"proof": proof}, headers=_PRIVATE)
        if not (state or code or error):
            return self._render("mailbox_sync.signin_landing", {})
        # Odoo repeats a request that lost a race in the database. The state is used up and the code
        # exchanged by then, so what came of them is kept on the request and not asked for again.
        if not hasattr(request, "mailbox_signin"):
            request.mailbox_signin = self._finish(state, code, error, iss)
        outcome = request.mailbox_signin
        if isinstance(outcome, dict):
            return self._result(outcome)
        return self._keep(outcome)

    def _finish(self, state, code, error, iss):
        """A Signed, or the page that says why not."""
        pending = request.env["mailbox.signin"]._consume(
            state, request.session.get(_WORD), request.env.uid
        )
        if not request.session.uid:
            return pages.session_ended(request.env)
        if pending is None:
            return pages.stale(request.env)
        try:
            mailbox = self._mailbox(pending.mailbox_id)
        except NotFound:
            return pages.stale(request.env)
        if iss and origin(iss) != pending.issuer:
            return pages.mixed_up(request.env, mailbox)
        if error or not code:
            return pages.failed(
                request.env, mailbox, oauth_failure(error or "invalid_request"), error or ""
            )
        return self._exchange(mailbox, pending, code)

    def _exchange(self, mailbox, pending, code):
        try:
            authorizer = mailbox.sudo()._authorizer(pending.scope_profile, pending.code_verifier)
            grant = authorizer.exchange(code)
        except AuthorizationLost as error:
            if error.reason == "scope_missing":
                return pages.scope_missing(
                    request.env, mailbox, pending.scope_profile, error.missing
                )
            return pages.failed(request.env, mailbox, error)
        except ProviderError as error:
            return pages.failed(request.env, mailbox, error)
        except UserError as error:
            return pages.missing_setup(request.env, mailbox, error)
        return self._prove(mailbox, pending, grant)

    def _prove(self, mailbox, pending, grant):
        """Compare who signed in, and make the first call where the permissions allow one."""
        if grant.identity and not mailbox._same_address(grant.identity):
            return pages.wrong_account(request.env, mailbox, grant.identity)
        proved, trouble = False, None
        if pending.scope_profile != "send":
            try:
                profile = mailbox.sudo()._provider("interactive", FixedToken(grant)).profile()
            except ProviderError as error:
                trouble = error
            else:
                grant, proved = replace(grant, identity=profile.address), True
        if isinstance(trouble, AuthorizationLost) and trouble.reason != "api_disabled":
            return pages.failed(request.env, mailbox, trouble)
        if not mailbox._same_address(grant.identity):
            return pages.wrong_account(request.env, mailbox, grant.identity)
        return Signed(mailbox, grant, pending.scope_profile, proved, trouble)

    def _keep(self, signed):
        mailbox = request.env["mailbox"].browse(signed.mailbox.id)
        mailbox._finish_signin(signed.grant, signed.scope_profile, signed.proved)
        if isinstance(signed.trouble, AuthorizationLost):
            return self._result(pages.api_disabled(request.env, mailbox, signed.trouble))
        return self._redirect(f"/odoo/m-mailbox/{mailbox.id}")

    # ------------------------------------------------------------------
    # After
    # ------------------------------------------------------------------

    @http.route(RESULT_PATH, type="http", auth="public", methods=["GET"], sitemap=False)
    def result(self):
        """What came of the last sign-in of this web session."""
        found = request.session.get(_RESULT)
        if not found:
            return self._redirect("/odoo")
        return self._render("mailbox_sync.signin_result", {"page": found})

    def _result(self, page):
        _logger.info(
            "A sign-in of user %s ended: %s", request.session.uid, page["code"] or "failed"
        )
        request.session[_RESULT] = page
        return self._redirect(RESULT_PATH)

    def _render(self, template, values):
        response = request.render(template, values)
        response.headers.update(_PRIVATE)
        return response

    def _redirect(self, url):
        response = request.redirect(url, code=303, local=False)
        response.headers.update(_PRIVATE)
        return response
