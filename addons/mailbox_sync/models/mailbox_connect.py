"""Between a mailbox and its provider: factories, sign-in, and the buttons a person presses."""

import logging

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools.urls import urljoin

from mailbox_core import registry
from mailbox_core.contract import AuthorizerConfig, ProviderConfig
from mailbox_core.errors import AuthorizationLost, ProviderError

from .. import advice, conf, provider_clock
from ..token_source import TokenSource

_logger = logging.getLogger(__name__)
CALLBACK_PATH = "/mail/oauth2callback"


class Mailbox(models.Model):
    _inherit = "mailbox"

    new_client_secret = fields.Char(
        string="Client Secret",
        compute="_compute_new_client_secret",
        inverse="_inverse_new_client_secret",
        help="Of the mailbox's own client ID. Stored encrypted and never shown again.",
    )

    def _compute_new_client_secret(self):
        self.new_client_secret = False

    def _inverse_new_client_secret(self):
        for mailbox in self.filtered("new_client_secret"):
            credential = self.env["mailbox.credential"]._ensure(mailbox)
            credential._write_row(
                credential._seal("client_secret", mailbox.new_client_secret.strip())
            )

    # ------------------------------------------------------------------
    # Factories
    # ------------------------------------------------------------------

    def _spec(self):
        self.ensure_one()
        return registry.spec(self.provider)

    def _provider(self, lane="new", tokens=None, budget=None):
        """The mailbox at its provider, for calls in one lane of the quota budget.

        ``tokens`` replaces the stored grant, to try one before it is stored, and ``budget`` the
        shared one, for calls that are paid already.
        """
        config = ProviderConfig(
            address=self.address,
            tokens=tokens or self._token_source(),
            budget=budget or self._budget(),
            scope=self._scope(),
            settings=self._provider_settings(),
            lane=lane,
            clock=self._provider_clock(),
        )
        return self._spec().provider(config, conf.endpoints())

    def _provider_clock(self):
        """What this process knows of the provider's clock."""
        return provider_clock.of(self.provider, conf.endpoints())

    def _token_source(self):
        """Where the provider gets its tokens; None for providers without sign-in."""
        self.ensure_one()
        return TokenSource(self.env.registry, self.id) if self._spec().authorizer else None

    def _provider_settings(self):
        """The values of the form fields that the provider's registry entry names."""
        plain = (field.name for field in self._spec().fields if field.kind == "text")
        return {name: self[name] or "" for name in plain if name in self._fields}

    def _authorizer(self, profile=None, code_verifier=""):
        """The OAuth side of the provider, asking for the scopes of ``profile`` (default: the
        mailbox's).

        Raises UserError naming what is missing when no client id or secret is known.
        """
        client_id, client_secret = self._client_credentials()
        config = AuthorizerConfig(
            client_id=client_id,
            client_secret=client_secret,
            redirect_uri=self._redirect_uri(),
            scopes=self._scope_profile(profile or self.scope_profile).scopes,
            code_verifier=code_verifier,
        )
        return self._spec().authorizer(config, conf.endpoints())

    def _scope_profile(self, name):
        """The registry's entry of one scope profile. Raises UserError when the provider has none
        such."""
        for profile in self._spec().scope_profiles:
            if profile.name == name:
                return profile
        raise UserError(
            self.env._(
                "%(provider)s does not offer the scope profile “%(name)s”.",
                provider=self._spec().label,
                name=name,
            )
        )

    def _client_credentials(self):
        """Client id and secret: the mailbox's own, else those of its company, else those for all.

        Raises UserError naming what is missing and where to enter it.
        """
        self.ensure_one()
        if self.client_id:
            own = self.env["mailbox.credential"]._of(self)
            client_id, client_secret = self.client_id, own._open_client_secret() if own else ""
        else:
            shared = self.env["mailbox.client"]._for(self.provider, self.company_id)
            client_id, client_secret = shared.client_id, shared._open_secret() if shared else ""
        missing = [
            label
            for label, value in (
                (self.env._("client ID"), client_id),
                (self.env._("client secret"), client_secret),
            )
            if not value
        ]
        if missing:
            raise UserError(
                self.env._(
                    "%(provider)s: %(missing)s missing. An administrator enters it under "
                    "Settings, Mailbox.",
                    provider=self._spec().label,
                    missing=self.env._(" and ").join(missing),
                )
            )
        return client_id, client_secret

    @api.model
    def _redirect_uri(self):
        """The exact address to register at the provider; compared there letter by letter."""
        base = self.env["ir.config_parameter"].sudo().get_param("web.base.url") or ""
        return urljoin(base, CALLBACK_PATH)

    # ------------------------------------------------------------------
    # Sign-in
    # ------------------------------------------------------------------

    def _check_operator(self):
        """The owner and managers may connect, pause and repair a mailbox. Raises AccessError."""
        self.check_access("read")
        if self.env.su or self.env.user.has_group("mailbox_sync.group_manager"):
            return
        if any(mailbox.owner_id != self.env.user for mailbox in self):
            raise AccessError(self.env._("Only the owner of the mailbox or a manager may do this."))

    def action_connect(self):
        """Send the person to the sign-in page; also the way back for a lost grant: history and
        cursor stay."""
        self.ensure_one()
        self._check_operator()
        if not self._spec().authorizer:
            raise UserError(self.env._("%s needs no sign-in.", self._spec().label))
        self.sudo()._client_credentials()
        return {
            "type": "ir.actions.act_url",
            "url": f"/mailbox/oauth/start/{self.id}",
            "target": "self",
        }

    def action_reconnect(self):
        """Sign in again. Folders, messages and the place in the provider's history are kept."""
        return self.action_connect()

    def _finish_signin(self, grant, scope_profile, proved):
        """Keep a new grant and start or resume syncing. The identity was compared by the caller;
        ``proved`` says that a call with the grant worked."""
        self.ensure_one()
        mailbox = self.sudo()
        mailbox.env["mailbox.credential"]._ensure(mailbox)._store_grant(grant, proved)
        if mailbox.scope_profile != scope_profile:
            mailbox.scope_profile = scope_profile
        self._audit("credential.connected", identity=grant.identity, scopes=sorted(grant.scopes))
        mailbox._token_changed()
        mailbox._sync_start()
        # Credentials alone leave a pause alone; a person who signs in means to go on.
        mailbox.stream_ids.filtered(lambda stream: stream.gate == "paused")._resume()

    def _same_address(self, identity):
        """Tell whether who signed in is who this mailbox belongs to (F46)."""
        return (
            bool(identity)
            and identity.strip().casefold() == (self.address or "").strip().casefold()
        )

    # ------------------------------------------------------------------
    # Token facts that the engine reports
    # ------------------------------------------------------------------

    def _on_authorization_lost(self, error):
        """The provider refused the grant in the middle of work: note it and tell the owner once
        (F44)."""
        self.ensure_one()
        self._token_source().note(error)
        self._audit("credential.lost", reason=error.reason)
        self.sudo()._token_changed()
        self.sudo()._remind(
            "mailbox_sync.activity_reconnect",
            self.env._("Sign in again: %s", self.address),
            advice.next_step(self.env, error),
        )
        self.sudo()._raise_alert("token", reason=error.reason, detail=error.detail or "")

    def _token_changed(self):
        """The credential was written behind the ORM's back: recompute what screens show of it."""
        credentials = self.env["mailbox.credential"].sudo().search([("mailbox_id", "in", self.ids)])
        credentials.invalidate_recordset()
        credentials.modified(["token_state"])
        good = credentials.filtered(
            lambda line: line.token_state in ("stored", "verified")
        ).mailbox_id
        good.activity_unlink(["mailbox_sync.activity_reconnect"])
        lost = credentials.filtered(lambda line: line.token_state == "reconnect").mailbox_id
        (self - lost)._clear_alerts("token")

    # ------------------------------------------------------------------
    # Buttons
    # ------------------------------------------------------------------

    def action_verify_token(self):
        """Exchange the refresh token now and say which of three it is: good, none stored, sign in
        again."""
        self.ensure_one()
        self._check_operator()
        credential = self.env["mailbox.credential"]._of(self)
        if not credential.secret:
            return self._notify(
                "warning", self.env._("Nothing stored yet"), self.env._("Press Connect to sign in.")
            )
        try:
            self.sudo()._verify_token()
        except AuthorizationLost as error:
            return self._notify(
                "danger", self.env._("Reconnect needed"), advice.explain(self.env, error)
            )
        except ProviderError as error:
            return self._notify(
                "warning", self.env._("Not verified"), advice.explain(self.env, error)
            )
        return self._notify(
            "success",
            self.env._("Verified"),
            self.env._("The provider accepted the sign-in a moment ago."),
        )

    def _verify_token(self):
        """One real refresh exchange. Raises the ProviderError it ends in, after noting it."""
        try:
            self._token_source().verify()
        except AuthorizationLost as error:
            self._on_authorization_lost(error)
            raise
        finally:
            self._token_changed()

    def action_test_connection(self):
        """Try every capability and show each as green or red."""
        self.ensure_one()
        self._check_operator()
        return self.env["mailbox.test"]._run_for(self)

    def action_sync_now(self):
        """Look for changes at once; a look that is waiting already is not doubled."""
        self._check_operator()
        for mailbox in self:
            if mailbox.state in ("draft", "reconnect"):
                raise UserError(
                    self.env._("%s is not connected. Press Connect first.", mailbox.address)
                )
            if mailbox.state == "paused":
                raise UserError(self.env._("%s is paused. Press Resume first.", mailbox.address))
        self.sudo()._sync_now()
        return self._notify(
            "info", self.env._("Looking for new mail"), ", ".join(self.mapped("address"))
        )

    def action_pause(self):
        """Stop all work on the mailbox until somebody resumes it. Nothing is lost."""
        self._check_operator()
        self.sudo()._sync_pause()
        for mailbox in self:
            mailbox._audit("mailbox.paused")

    def action_resume(self):
        """Go on where the mailbox was paused."""
        self._check_operator()
        self.sudo()._sync_resume()
        for mailbox in self:
            mailbox._audit("mailbox.resumed")

    def action_disconnect(self):
        """Ask whether the stored mail shall stay, then forget the grant."""
        self.ensure_one()
        self._check_operator()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Disconnect %s", self.address),
            "res_model": "mailbox.disconnect",
            "view_mode": "form",
            "target": "new",
            "context": {"default_mailbox_id": self.id},
        }

    def _notify(self, kind, title, message):
        """A notification on the person's screen."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": kind,
                "title": title,
                "message": message,
                "sticky": kind in ("danger", "warning"),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _audit(self, kind, **payload):
        """Write an audit fact in the name of the person at work. Superuser: nobody may write these
        rows."""
        self.ensure_one()
        self.env["mailbox.event"].sudo().create(
            {
                "mailbox_id": self.id,
                "user_id": self.env.uid,
                "kind": kind,
                "payload": payload or False,
            }
        )
