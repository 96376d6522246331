"""A sign-in that was begun and not yet finished: the server's half of the OAuth state.

The state in the address is a random word; here stands only its hash, with the person, a hash of the
secret in the person's own web session, the PKCE verifier (encrypted) and an end. It is deleted by
the first callback that names it, in a transaction of its own, so that it cannot be used twice
whatever happens next (RFC 6749 section 10.12, RFC 7636, RFC 9700 section 2.1).
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL, consteq

from .. import conf
from .mailbox_credential import guarded

LIFETIME = timedelta(minutes=15)


@dataclass(frozen=True)
class Pending:
    """What a callback needs to finish a sign-in."""

    mailbox_id: int
    user_id: int
    scope_profile: str
    redirect_uri: str
    issuer: str
    code_verifier: str


def digest(word):
    """What may be stored of a secret word."""
    return hashlib.sha256(word.encode()).hexdigest()


def origin(url):
    """Scheme and host of an address, as RFC 9207 issuers are compared here."""
    parts = urlsplit(url or "")
    return f"{parts.scheme}://{parts.netloc}"


def _context(state):
    return f"mailbox.signin:{digest(state)}"


class MailboxSignin(models.Model):
    _name = "mailbox.signin"
    _description = "Mailbox Sign-in"
    _log_access = False

    state_hash = fields.Char(required=True, index=True)
    session_hash = fields.Char(required=True)
    user_id = fields.Many2one("res.users", required=True, ondelete="cascade")
    mailbox_id = fields.Many2one("mailbox", required=True, ondelete="cascade")
    scope_profile = fields.Char(required=True)
    redirect_uri = fields.Char(required=True)
    issuer = fields.Char(required=True, help="Origin of the page the person was sent to.")
    code_verifier = fields.Text(required=True, help="Encrypted.")
    expires_at = fields.Datetime(required=True)

    @api.model
    def _begin(self, mailbox, session_word, scope_profile):
        """Remember a sign-in; returns the provider's address to send the person to.

        Superuser: no group has rights here. Raises UserError when the client id or secret is
        missing.
        """
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
        redirect_uri = mailbox._redirect_uri()
        url = mailbox._authorizer(scope_profile, verifier).authorization_url(
            state, login_hint=mailbox.address
        )
        self.sudo().create(
            {
                "state_hash": digest(state),
                "session_hash": digest(session_word),
                "user_id": self.env.uid,
                "mailbox_id": mailbox.id,
                "scope_profile": scope_profile,
                "redirect_uri": redirect_uri,
                "issuer": origin(url),
                "code_verifier": guarded(lambda: conf.keyring().seal(verifier, _context(state))),
                "expires_at": fields.Datetime.now() + LIFETIME,
            }
        )
        return url

    @api.model
    def _consume(self, state, session_word, user_id):
        """Take the sign-in that ``state`` names, once; None when there is none for this session and
        person.

        Deleted and committed on a cursor of its own before anything else happens. Wrong guesses do
        not tell whether the state existed.
        """
        query = SQL(
            """DELETE FROM mailbox_signin WHERE state_hash = %s
               RETURNING session_hash, user_id, mailbox_id, scope_profile, redirect_uri, issuer,
                         code_verifier, expires_at""",
            digest(state or ""),
        )
        with self.env.registry.cursor() as cr:
            rows = api.Environment(cr, SUPERUSER_ID, {}).execute_query(query)
        if not rows:
            return None
        session_hash, owner_id, mailbox_id, profile, redirect_uri, issuer, sealed, expires_at = (
            rows[0]
        )
        mine = consteq(session_hash, digest(session_word or "")) and owner_id == user_id
        if not mine or expires_at < fields.Datetime.now():
            return None
        verifier = guarded(lambda: conf.keyring().open(sealed, _context(state)))
        return Pending(mailbox_id, user_id, profile, redirect_uri, issuer, verifier)

    @api.autovacuum
    def _gc_signins(self):
        self.sudo().search([("expires_at", "<", fields.Datetime.now())], limit=10_000).unlink()
