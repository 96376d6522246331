"""What Odoo's own Gmail servers may claim about their token: that it is stored, and what Google
says when it is asked."""

import logging

import requests
from odoo import models, release
from odoo.exceptions import AccessError, UserError

_logger = logging.getLogger(__name__)
#: What the token endpoint's answer may make of stock's code: a refusal, no token in it, no JSON.
_FAILED = (UserError, KeyError, TypeError, ValueError)


class GoogleGmailMixin(models.AbstractModel):
    _inherit = "google.gmail.mixin"

    def action_gmail_verify_token(self):
        """Ask Google for a fresh access token with the stored refresh token, and say what came."""
        self.ensure_one()
        self._gmail_check_manager()
        server = self.sudo()
        if not server.google_gmail_refresh_token:
            return self._gmail_told(
                "warning", self.env._("No Gmail token is stored. Connect the mailbox first.")
            )
        missing = self._gmail_missing()
        if missing:
            return self._gmail_told("warning", missing)
        try:
            token, ends = server._fetch_gmail_access_token(server.google_gmail_refresh_token)
        except requests.RequestException as error:
            _logger.info("The Gmail token of %s was not verified: %s", self, type(error).__name__)
            return self._gmail_told(
                "warning",
                self.env._("Google could not be reached, so nothing is known. Try again later."),
            )
        except _FAILED:
            token = None
        if not token:
            return self._gmail_told(
                "warning",
                self.env._(
                    "Google issued no access token: a reconnect is required. Press Reconnect Gmail."
                ),
            )
        server.write(
            {"google_gmail_access_token": token, "google_gmail_access_token_expiration": ends}
        )
        return self._gmail_told(
            "success",
            self.env._("Gmail token is valid - a fresh access token was issued."),
        )

    def action_gmail_reconnect(self):
        """Start the sign-in at Google; names what is missing for it first."""
        self.ensure_one()
        self._gmail_check_manager()
        missing = self._gmail_missing()
        if missing:
            raise UserError(missing)
        return self.open_google_gmail_uri()

    def _gmail_check_manager(self):
        if not self.env.user.has_group("mailbox_sync.group_manager"):
            raise AccessError(
                self.env._("Only a mailbox administrator may verify or renew this sign-in.")
            )

    def _gmail_missing(self):
        """Which credentials of the app at Google are not entered, as one sentence; empty when none
        is missing. Odoo Enterprise signs in without own credentials."""
        if release.version_info[-1] == "e":
            return ""
        parameters = self.env["ir.config_parameter"].sudo()
        settings = self.env["res.config.settings"]._fields
        missing = [
            self.env._(
                "%(field)s (system parameter %(key)s)",
                field=field._description_string(self.env),
                key=field.config_parameter,
            )
            for name in ("google_gmail_client_identifier", "google_gmail_client_secret")
            if not parameters.get_param((field := settings[name]).config_parameter)
        ]
        if not missing:
            return ""
        return self.env._(
            "The credentials of your app at Google are incomplete. Missing: %s. Enter them under "
            "Settings → General Settings → Use a Gmail Server.",
            ", ".join(missing),
        )

    def _gmail_told(self, kind, message):
        params = {
            "type": kind,
            "title": self.env._("Gmail token"),
            "message": message,
            "sticky": kind == "warning",
        }
        return {"type": "ir.actions.client", "tag": "display_notification", "params": params}
