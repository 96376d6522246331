"""Access tokens for providers: read when fresh, renewed by one worker at a time.

Everything runs on a short cursor of its own. Why not the job's: a token that the provider has
issued must be kept although the job that needed it fails later; queue_job forbids to commit in the
job's cursor; and the row lock must end with the refresh, not with the page. The row lock makes
parallel workers wait for one refresh call and use its result (a crash frees it, and the old refresh
token is still stored). Isolation is repeatable read, so a worker that waited may be told that the
row changed under it: it looks again.
"""

import logging
from datetime import datetime, timedelta, timezone

import psycopg2.errors
from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.tools import SQL

from mailbox_core.errors import AuthorizationLost, ProviderError, Unavailable

_logger = logging.getLogger(__name__)

EARLY = timedelta(seconds=225)
"""A token with less life left is renewed first (google-auth does the same)."""

LOCK_SECONDS = 45
"""How long to wait for another worker's refresh: longer than its time-outs, far shorter than a
job's limit."""

_LOOKS = 4
_LOST_RACE = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.LockNotAvailable,
    psycopg2.errors.DeadlockDetected,
)


def is_fresh(grant):
    """Tell whether the access token can be used for a whole call. An unknown end counts as fresh: a
    401 will tell."""
    if not grant.access_token:
        return False
    return grant.expires_at is None or grant.expires_at - EARLY > datetime.now(timezone.utc)


class FixedToken:
    """A ``TokenSource`` over a grant that is being tried and not stored yet."""

    def __init__(self, grant):
        self._grant = grant

    def token(self):
        """The token of the grant."""
        return self._grant.access_token

    def renew(self, stale):
        """There is no other. Raises AuthorizationLost."""
        raise AuthorizationLost(
            "invalid_grant", "The provider refuses the token it has just issued."
        )


def fixed_tokens(mailboxes):
    """A ``FixedToken`` by mailbox id, read for all at once; a ProviderError where there is none to
    be had. Only tokens that are about to end are renewed one by one."""
    found = {}
    credentials = mailboxes.env["mailbox.credential"].sudo()
    for credential in credentials.search([("mailbox_id", "in", mailboxes.ids)]):
        try:
            credential._check_usable()
            grant = credential._open("use")
            if not is_fresh(grant):
                grant = TokenSource(mailboxes.env.registry, credential.mailbox_id.id).grant()
            found[credential.mailbox_id.id] = FixedToken(grant)
        except ProviderError as error:
            found[credential.mailbox_id.id] = error
        except UserError as error:
            found[credential.mailbox_id.id] = AuthorizationLost("client", str(error))
    return found


class TokenSource:
    """``mailbox_core.contract.TokenSource`` over the credential of one mailbox."""

    def __init__(self, registry, mailbox_id):
        self._registry = registry
        self._mailbox_id = mailbox_id
        self._grant = None

    def token(self):
        """A token believed to be valid.

        Raises AuthorizationLost when a person has to act (without asking the provider again), and
        Unavailable when the provider could not be reached for a refresh.
        """
        return self.grant().access_token

    def grant(self):
        """The grant that ``token`` is of. Raises as ``token`` does."""
        if self._grant is None or not is_fresh(self._grant):
            self._grant = self._obtain(is_fresh)
        return self._grant

    def renew(self, stale):
        """A token other than ``stale``, which the provider has just refused. Raises as ``token``
        does."""
        self._grant = self._obtain(lambda grant: grant.access_token != stale and is_fresh(grant))
        return self._grant.access_token

    def verify(self):
        """Exchange the refresh token now, even after the grant was called lost."""
        self._grant = self._obtain(lambda grant: False, purpose="verify", forced=True)
        return self._grant

    def note(self, error):
        """Write down what a provider call said about the grant, whatever becomes of the caller's
        own work."""
        for _look in range(_LOOKS):
            try:
                with self._registry.cursor() as cr:
                    credential = self._credential(cr)
                    if credential:
                        self._lock(credential)
                        credential._write_row(credential._failure_values(error))
                return
            except _LOST_RACE:
                continue
        _logger.warning("Mailbox %s: the state of its token could not be noted", self._mailbox_id)

    def _obtain(self, accept, purpose="refresh", forced=False):
        for _look in range(_LOOKS):
            try:
                with self._registry.cursor() as cr:
                    outcome = self._look(cr, accept, purpose, forced)
                break
            except _LOST_RACE:
                _logger.info(
                    "Mailbox %s: another worker renews the token, looking again", self._mailbox_id
                )
        else:
            outcome = Unavailable("Another process is renewing the sign-in of this mailbox.")
        # Raised only here: what was learned is committed by now.
        if isinstance(outcome, ProviderError):
            raise outcome
        return outcome

    def _look(self, cr, accept, purpose, forced):
        """One look at the row; the grant, or a ProviderError as a value."""
        credential = self._credential(cr)
        if not credential:
            return AuthorizationLost("invalid_grant", "Nobody has signed in yet.")
        try:
            for locked in (False, True):
                if locked:
                    self._lock(credential)
                if not forced:
                    credential._check_usable()
                    grant = credential._open("use")
                    if accept(grant):
                        return grant
            return credential._refresh(credential.mailbox_id._authorizer(), purpose)
        except ProviderError as error:
            return error
        except UserError as error:
            # A key or the client registration is missing: nothing is wrong with the grant itself,
            # so the row is left alone, but no job can go on before a person has put it right.
            return AuthorizationLost("client", str(error))

    def _credential(self, cr):
        mailbox = api.Environment(cr, SUPERUSER_ID, {})["mailbox"].browse(self._mailbox_id)
        return mailbox.env["mailbox.credential"]._of(mailbox)

    @staticmethod
    def _lock(credential):
        credential.env.cr.execute(SQL("SET LOCAL lock_timeout = %s", f"{LOCK_SECONDS}s"))
        credential.env.cr.execute(
            SQL("SELECT id FROM mailbox_credential WHERE id = %s FOR NO KEY UPDATE", credential.id),
            log_exceptions=False,  # a lost race is expected
        )
        credential.invalidate_recordset()
