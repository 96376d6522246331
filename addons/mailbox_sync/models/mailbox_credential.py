"""The grant a mailbox works with. Readable by nobody: opened by named methods with sudo only.

Token states::

    none ──connect──▶ stored ──first proof──▶ verified ◀──────────┐
                        │                        │ provider down   │ answers again
                        │                        ▼                 │
                        └──────────────────▶ failing ──────────────┘
      any state ──the provider takes the grant back──▶ reconnect ──a person signs in──▶ stored

What a sync job learns about the grant is written with a cursor of its own (``token_source.py``): a
token the provider has handed out must survive the failure of the job that asked for it, and
queue_job forbids to commit in the job's own cursor. These writes are plain SQL on this one row, so
that they never reach into rows that the job is about to change.
"""

import json

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from mailbox_core import types
from mailbox_core.errors import AuthorizationLost, ProviderError

from .. import conf, crypto
from ..values import aware, naive

SEALED_FIELDS = ("secret", "client_secret")
SEALED = ["|", ("secret", "!=", False), ("client_secret", "!=", False)]

IDENTITY_SCOPES = frozenset({"openid", "email", "profile", "offline_access"})
"""Scopes of OpenID Connect Core: they buy no feature and come back under other names."""


def guarded(call):
    """The result of ``call``; a secret that cannot be sealed or opened becomes a message for a
    person."""
    try:
        return call()
    except crypto.SecretError as error:
        raise UserError(str(error)) from error


#: Models that keep secrets, each with ``_key_ids`` and ``_rotate_keys``.
SEALING = (
    "mailbox.credential",
    "mailbox.client",
    "mailbox.route.action",
    "mailbox.push.config",
    "mailbox.alert.hook",
)


class MailboxCredential(models.Model):
    _name = "mailbox.credential"
    _description = "Mailbox Credential"

    mailbox_id = fields.Many2one("mailbox", required=True, ondelete="cascade")
    kind = fields.Selection(
        [("oauth", "OAuth"), ("password", "Password")], required=True, default="oauth"
    )
    secret = fields.Text(help="Encrypted.", copy=False)
    client_secret = fields.Text(help="Encrypted.", copy=False)
    key_id = fields.Char(help="Name of the key that encrypted the grant.")
    database_uuid = fields.Char(help="The database that was connected; a copy of it must not sync.")
    scopes = fields.Char(help="What the person granted, separated by spaces.")
    identity = fields.Char(help="Who signed in.")
    granted_at = fields.Datetime()
    refreshed_at = fields.Datetime(help="When the provider last issued a token.")
    expires_at = fields.Datetime(help="End of the access token.")
    refresh_expires_at = fields.Datetime(
        help="End of the whole grant, where the provider sets one."
    )
    verified_at = fields.Datetime()
    failing_since = fields.Datetime()
    failure = fields.Text()
    failure_reason = fields.Char(help="A reason word of the core's AuthorizationLost.")
    warned_at = fields.Datetime(help="When the owner was told that the grant is about to end.")
    token_state = fields.Selection(
        [
            ("none", "Not connected"),
            ("stored", "Stored"),
            ("verified", "Verified"),
            ("failing", "Failing"),
            ("reconnect", "Reconnect needed"),
        ],
        required=True,
        default="none",
    )

    _mailbox_unique = models.Constraint("UNIQUE (mailbox_id)", "A mailbox has one credential.")

    @api.model
    def _of(self, mailbox):
        """The credential of a mailbox, empty when there is none. Superuser: no group may read
        these."""
        mailbox.ensure_one()
        return self.sudo().search([("mailbox_id", "=", mailbox.id)], limit=1)

    @api.model
    def _ensure(self, mailbox):
        """The credential of a mailbox, made when there is none."""
        return self._of(mailbox) or self.sudo().create({"mailbox_id": mailbox.id})

    # ------------------------------------------------------------------
    # Sealing and opening
    # ------------------------------------------------------------------

    def _context(self, field_name):
        return f"mailbox.credential:{self.mailbox_id.id}:{field_name}"

    def _seal(self, field_name, text):
        """Encrypted ``text`` for one field of this row, as values to write."""
        sealed = guarded(lambda: conf.keyring().seal(text, self._context(field_name)))
        return {field_name: sealed, "key_id": crypto.sealed_key_id(sealed)}

    def _unseal(self, field_name):
        sealed = self[field_name]
        return (
            guarded(lambda: conf.keyring().open(sealed, self._context(field_name)))
            if sealed
            else ""
        )

    def _open(self, purpose):
        """The grant in clear, as the core's Credentials; None when none is stored. The one way in.

        ``purpose`` is a word for the audit trail. ``use`` (a job that sends the access token) is
        not recorded call by call: the refresh that issued the token was. Raises UserError when the
        key is missing or the stored text is damaged.
        """
        self.ensure_one()
        text = self._unseal("secret")
        if not text:
            return None
        if purpose != "use":
            self.mailbox_id._audit("credential.opened", purpose=purpose)
        tokens = json.loads(text)
        return types.Credentials(
            access_token=tokens.get("access_token", ""),
            refresh_token=tokens.get("refresh_token"),
            expires_at=aware(self.expires_at),
            scopes=frozenset((self.scopes or "").split()),
            identity=self.identity or None,
            refresh_expires_at=aware(self.refresh_expires_at),
        )

    def _open_client_secret(self):
        """The secret of the mailbox's own client; empty when it uses the shared one."""
        self.ensure_one()
        return self._unseal("client_secret")

    # ------------------------------------------------------------------
    # Facts about the grant
    # ------------------------------------------------------------------

    def _grant_values(self, grant, previous=None):
        """Values that store a grant. A refresh token is never overwritten with nothing: Google
        issues one with the first consent only (provider page "Using OAuth 2.0 for Web Server
        Applications")."""
        refresh_token = grant.refresh_token or (previous and previous.refresh_token)
        tokens = {"access_token": grant.access_token, "refresh_token": refresh_token}
        ends = grant.refresh_expires_at or (previous and previous.refresh_expires_at)
        values = self._seal("secret", json.dumps(tokens))
        values.update(
            expires_at=naive(grant.expires_at),
            refresh_expires_at=naive(ends),
            refreshed_at=fields.Datetime.now(),
        )
        if grant.scopes:
            values["scopes"] = " ".join(sorted(grant.scopes))
        return values

    def _verified_values(self):
        """The provider accepted the grant just now."""
        return {
            "token_state": "verified",
            "verified_at": fields.Datetime.now(),
            "failing_since": False,
            "failure": False,
            "failure_reason": False,
        }

    def _failure_values(self, error):
        """What a ProviderError says about the grant: gone for good, or only out of reach at the
        moment."""
        lost = isinstance(error, AuthorizationLost)
        return {
            "token_state": "reconnect" if lost else "failing",
            "failing_since": self.failing_since or fields.Datetime.now(),
            "failure": error.detail,
            "failure_reason": error.reason if lost else False,
        }

    def _store_grant(self, grant, proved):
        """Keep a grant that a person has just given (the caller compared the identity, F46)."""
        self.ensure_one()
        values = self._grant_values(grant, previous=self._previous_for(grant))
        values.update(
            kind="oauth",
            identity=grant.identity,
            refresh_expires_at=naive(grant.refresh_expires_at),
            granted_at=fields.Datetime.now(),
            database_uuid=self._database_uuid(),
            token_state="verified" if proved else "stored",
            verified_at=fields.Datetime.now() if proved else False,
            failing_since=False,
            failure=False,
            failure_reason=False,
            warned_at=False,
        )
        self._write_row(values)

    def _previous_for(self, grant):
        """The stored grant, if the new one is of the same person and brought no refresh token."""
        if grant.refresh_token or not self.secret or self.identity != grant.identity:
            return None
        return self._open("reconnect")

    def _write_row(self, values):
        """Write plain columns of this row, and nothing else (see the module's docstring)."""
        self.ensure_one()
        columns = SQL(", ").join(
            SQL("%s = %s", SQL.identifier(name), value if value is not False else None)
            for name, value in values.items()
        )
        self.env.cr.execute(
            SQL(
                "UPDATE mailbox_credential SET %s, write_date = now() WHERE id = %s",
                columns,
                self.id,
            )
        )
        self.invalidate_recordset()

    def _wipe(self):
        """Forget the grant; the row and the facts about it stay."""
        for credential in self:
            credential._write_row(
                {
                    "secret": False,
                    "scopes": False,
                    "expires_at": False,
                    "refresh_expires_at": False,
                    "verified_at": False,
                    "failing_since": False,
                    "failure": False,
                    "failure_reason": False,
                    "token_state": "none",
                }
            )

    @api.model
    def _database_uuid(self):
        return self.env["ir.config_parameter"].sudo().get_param("database.uuid")

    def _check_usable(self):
        """Refuse to work without a grant, with one that is lost, or in a copy of the database (F44,
        F59).

        Raises AuthorizationLost without asking the provider.
        """
        if not self.secret:
            raise AuthorizationLost(
                "invalid_grant", self.env._("Nobody has signed in yet. Press Connect.")
            )
        if self.database_uuid and self.database_uuid != self._database_uuid():
            raise AuthorizationLost(
                "policy",
                self.env._(
                    "This database is a copy. Only the original syncs; press Reconnect to sync "
                    "here."
                ),
            )
        if self.token_state == "reconnect":
            raise AuthorizationLost(self.failure_reason or "invalid_grant", self.failure or "")

    def _refresh(self, authorizer, purpose):
        """Ask the provider for a new access token and write down what came of it.

        The caller holds the row lock. Returns the new Credentials, or the ProviderError: expected
        trouble is a value, so that the transaction that records it can commit.
        """
        grant = self._open(purpose)
        if grant is None or not grant.refresh_token:
            error = AuthorizationLost("invalid_grant", self.env._("No refresh token is stored."))
            self._write_row(self._failure_values(error))
            return error
        try:
            fresh = authorizer.refresh(grant)
        except ProviderError as error:
            self._write_row(self._failure_values(error))
            return error
        lost = self._scopes_lost(fresh.scopes)
        state = self._failure_values(lost) if lost else self._verified_values()
        self._write_row({**self._grant_values(fresh, grant), **state})
        return lost or fresh

    def _scopes_lost(self, granted):
        """AuthorizationLost when the provider grants less than the scope profile needs by now
        (F45)."""
        wanted = (
            self.mailbox_id._scope_profile(self.mailbox_id.scope_profile).scopes - IDENTITY_SCOPES
        )
        missing = wanted - granted
        if not missing:
            return None
        detail = self.env._("No longer allowed: %s.", ", ".join(sorted(missing)))
        return AuthorizationLost("scope_missing", detail, missing)

    # ------------------------------------------------------------------
    # Rotation
    # ------------------------------------------------------------------

    @api.model
    def _rotate_keys(self):
        """Seal every secret with the current primary key; returns how many texts were sealed anew.

        Rows are locked one by one, so that no refresh in another process is overwritten. Raises
        UserError at the first text whose key is missing; nothing is lost, the transaction rolls
        back.
        """
        return sum(credential._rotate() for credential in self.sudo().search(SEALED, order="id"))

    def _rotate(self):
        self.env.cr.execute(
            SQL("SELECT id FROM mailbox_credential WHERE id = %s FOR NO KEY UPDATE", self.id)
        )
        self.invalidate_recordset()
        ring = guarded(conf.keyring)
        stale = [name for name in SEALED_FIELDS if self[name] and not ring.is_current(self[name])]
        for name in stale:
            self._write_row(self._seal(name, self._unseal(name)))
        return len(stale)

    @api.model
    def _key_ids(self):
        """Names of the keys that stored secrets of this model need."""
        found = self.sudo().search(SEALED)
        return {
            crypto.sealed_key_id(row[name]) for row in found for name in SEALED_FIELDS if row[name]
        }
