"""What may be shown of a grant, and the daily look after it (never the grant itself)."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools.misc import format_datetime

from mailbox_core.errors import ProviderError

from .. import advice, jobs
from .mailbox_credential import IDENTITY_SCOPES

IDLE_DAYS = 30
"""A grant that issued no token for so long is tried: Google ends it after six months of silence."""

WARN_DAYS = 3
"""The owner is told this many days before a grant ends (Google's testing mode: seven days in all).
"""


class Mailbox(models.Model):
    _inherit = "mailbox"

    token_state = fields.Selection(
        selection=lambda self: self.env["mailbox.credential"]._fields["token_state"].selection,
        compute="_compute_token",
        compute_sudo=True,
        string="Sign-in",
    )
    token_text = fields.Char(compute="_compute_token", compute_sudo=True)
    token_identity = fields.Char(compute="_compute_token", compute_sudo=True, string="Signed in as")
    token_verified_at = fields.Datetime(
        compute="_compute_token", compute_sudo=True, string="Verified at"
    )
    token_failing_since = fields.Datetime(
        compute="_compute_token", compute_sudo=True, string="Failing since"
    )
    token_ends_at = fields.Datetime(
        compute="_compute_token",
        compute_sudo=True,
        string="Sign-in ends at",
        help="Set when the provider limits the sign-in, as Google's testing mode (seven days).",
    )
    token_features = fields.Char(
        compute="_compute_token", compute_sudo=True, string="What the sign-in allows"
    )
    may_operate = fields.Boolean(compute="_compute_may_operate")

    @api.depends("credential_ids.token_state", "scope_profile", "provider")
    @api.depends_context("lang", "tz")
    def _compute_token(self):
        found = self.env["mailbox.credential"].search([("mailbox_id", "in", self.ids)])
        by_mailbox = {credential.mailbox_id.id: credential for credential in found}
        for mailbox in self:
            credential = by_mailbox.get(mailbox.id, found.browse())
            mailbox.token_state = credential.token_state or "none"
            mailbox.token_identity = credential.identity
            mailbox.token_verified_at = credential.verified_at
            mailbox.token_failing_since = credential.failing_since
            mailbox.token_ends_at = credential.refresh_expires_at
            mailbox.token_text = mailbox._token_words(credential)
            granted = frozenset((credential.scopes or "").split())
            mailbox.token_features = mailbox._feature_words(granted) if credential.secret else False

    def _token_words(self, credential):
        """The state of the grant in words that never promise more than is known."""

        def when(moment):
            return format_datetime(self.env, moment) if moment else self.env._("never")

        words = {
            "stored": self.env._("Stored, not yet verified"),
            "verified": self.env._("Verified at %s", when(credential.verified_at)),
            "failing": self.env._(
                "Failing since %(since)s: %(cause)s",
                since=when(credential.failing_since),
                cause=credential.failure,
            ),
            "reconnect": self.env._("Reconnect needed: %s", credential.failure or ""),
        }
        return words.get(credential.token_state, self.env._("Not connected"))

    def _feature_words(self, granted):
        """What these scopes buy, as one line for a person."""
        return ", ".join(advice.feature(self.env, word) for word in self._features_of(granted))

    def _features_of(self, granted):
        """What these scopes buy, in the words of the provider's scope profiles, in their order."""
        bought = {}
        for profile in self._spec().scope_profiles:
            if profile.scopes - IDENTITY_SCOPES <= granted:
                bought.update(dict.fromkeys(profile.features))
        return list(bought)

    def _features_lost(self, profile_name, missing):
        """What a person gave up by leaving these scopes of a profile unticked."""
        profile = self._scope_profile(profile_name)
        kept = self._features_of(profile.scopes - missing)
        return [feature for feature in profile.features if feature not in kept]

    @api.depends("owner_id")
    @api.depends_context("uid")
    def _compute_may_operate(self):
        manager = self.env.user.has_group("mailbox_sync.group_manager")
        for mailbox in self:
            mailbox.may_operate = manager or mailbox.owner_id == self.env.user

    # ------------------------------------------------------------------
    # The daily look
    # ------------------------------------------------------------------

    @api.model
    def _cron_token_health(self):
        """Warn before grants end, and queue a real refresh for those idle or failing."""
        now = fields.Datetime.now()
        credentials = self.env["mailbox.credential"].sudo()
        alive = [
            ("token_state", "in", ("stored", "verified", "failing")),
            ("mailbox_id.active", "=", True),
        ]
        ending = credentials.search(
            [
                *alive,
                ("refresh_expires_at", "<=", now + timedelta(days=WARN_DAYS)),
                ("warned_at", "=", False),
            ]
        )
        for credential in ending:
            credential.mailbox_id._warn_of_end(credential)
        idle = [
            *alive,
            "|",
            ("refreshed_at", "<", now - timedelta(days=IDLE_DAYS)),
            ("token_state", "=", "failing"),
        ]
        for mailbox in credentials.search(idle).mailbox_id:
            jobs.enqueue(mailbox, jobs.CARE, f"verify:{mailbox.id}")._job_verify_token()

    def _warn_of_end(self, credential):
        ends = format_datetime(
            self.env, credential.refresh_expires_at, tz=self.owner_id.tz or "UTC"
        )
        self._remind(
            "mailbox_sync.activity_sign_in_ends",
            self.env._(
                "The sign-in of %(address)s ends at %(date)s", address=self.address, date=ends
            ),
            self.env._(
                "Press Reconnect before. If this comes back every week, the app is in testing "
                "mode at the provider: an administrator publishes it (Google: Audience, In "
                "production or Internal)."
            ),
        )
        credential.warned_at = fields.Datetime.now()

    def _job_verify_token(self):
        """Job: one refresh exchange. Its outcome is noted on the credential; expected trouble is no
        failure of the job."""
        try:
            self.sudo()._verify_token()
        except ProviderError as error:
            return f"{type(error).__name__}: {error.detail}"
        return "verified"

    def _remind(self, activity_type, summary, note):
        """One open activity of this type for the owner, however often the reason comes up."""
        self.ensure_one()
        if not self.activity_search([activity_type]):
            self.activity_schedule(
                activity_type, summary=summary, note=note, user_id=self.owner_id.id
            )
