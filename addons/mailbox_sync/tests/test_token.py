import threading
import time
from datetime import timedelta
from unittest.mock import patch

from odoo import SUPERUSER_ID, api, fields
from odoo.addons.mailbox_sync import conf, crypto
from odoo.addons.mailbox_sync.token_source import TokenSource
from odoo.orm.registry import DummyRLock
from odoo.tests import TransactionCase, tagged

from mailbox_core.errors import AuthorizationLost, Unavailable

from .signin_common import (
    ACCESS,
    CLIENT_SECRET,
    REFRESH,
    Desk,
    connect,
    new_mailbox,
    soon,
    use_fake_provider,
)


@tagged("-at_install", "post_install")
class TestTokenSource(TransactionCase):
    def setUp(self):
        super().setUp()
        self.desk = Desk()
        use_fake_provider(self.startPatcher, self.desk)
        self.mailbox = new_mailbox(self.env)
        self.credential = connect(self.mailbox, self.desk)
        self.registry_enter_test_mode()
        self.tokens = TokenSource(self.registry, self.mailbox.id)

    def age(self, seconds):
        """Let the access token end in so many seconds."""
        self.credential._write_row(
            {"expires_at": fields.Datetime.now() + timedelta(seconds=seconds)}
        )

    def failure(self, call):
        """What ``call`` raises. Not assertRaises: Odoo's rolls back, and what is noted must be
        seen."""
        try:
            call()
        except Exception as error:
            return error
        raise AssertionError("nothing was raised")

    def state(self):
        self.env.invalidate_all()
        return self.credential.token_state

    def test_fresh_token_costs_no_call(self):
        self.assertEqual(self.tokens.token(), f"{ACCESS}-1")
        self.assertEqual(self.desk.calls, [])

    def test_early_renewal(self):
        self.age(230)
        self.assertEqual(TokenSource(self.registry, self.mailbox.id).token(), f"{ACCESS}-1")
        self.age(220)
        self.desk.answers = [self.desk.grant(2, refresh_token=None)]
        self.assertEqual(self.tokens.token(), f"{ACCESS}-2")
        self.assertEqual(self.desk.named("refresh"), [("refresh", REFRESH)])
        self.assertEqual(
            self.credential._open("use").refresh_token, REFRESH, "never overwritten with nothing"
        )

    def test_renew_uses_what_another_worker_got(self):
        # F41: one refresh after a 401; a second worker with the same stale token takes the new one.
        other = TokenSource(self.registry, self.mailbox.id)
        stale = other.token()
        self.desk.answers = [self.desk.grant(2)]
        self.assertEqual(self.tokens.renew(stale), f"{ACCESS}-2")
        self.assertEqual(other.renew(stale), f"{ACCESS}-2")
        self.assertEqual(len(self.desk.named("refresh")), 1)

    def test_lost_grant_is_asked_for_once(self):
        # F44: reconnect, then not one call more.
        self.age(0)
        self.desk.answers = [
            AuthorizationLost("invalid_grant", "Token has been expired or revoked.")
        ]
        for _try in range(3):
            failure = self.failure(self.tokens.token)
            self.assertIsInstance(failure, AuthorizationLost)
            self.assertIn("expired or revoked", failure.detail)
        self.assertEqual(len(self.desk.named("refresh")), 1)
        self.assertEqual(self.state(), "reconnect")

    def test_one_notice_for_a_lost_grant(self):
        error = AuthorizationLost("invalid_grant", "Token has been expired or revoked.")
        for _try in range(3):
            self.mailbox._on_authorization_lost(error)
        self.assertEqual(len(self.mailbox.activity_ids), 1)
        self.assertEqual(self.mailbox.activity_ids.user_id, self.mailbox.owner_id)
        self.assertEqual(self.mailbox.state, "reconnect")
        connect(self.mailbox, self.desk)
        self.assertFalse(self.mailbox.activity_ids)

    def test_unreachable_provider_is_no_lost_grant(self):
        self.age(0)
        self.desk.answers = [Unavailable("503 from the token endpoint")] * 2
        for _try in range(2):
            self.assertIsInstance(self.failure(self.tokens.token), Unavailable)
        self.assertEqual(self.state(), "failing")
        since = self.credential.failing_since
        self.assertTrue(since)
        self.assertEqual(self.tokens.token(), f"{ACCESS}-3")
        self.assertEqual(self.state(), "verified")
        self.assertFalse(self.credential.failing_since)

    def test_lost_answer_survives(self):
        # F43: the answer is lost after the provider issued a token; the old refresh token still
        # works.
        self.age(0)
        self.desk.answers = [Unavailable("connection reset", reached=True)]
        self.assertIsInstance(self.failure(self.tokens.token), Unavailable)
        self.assertEqual(self.tokens.token(), f"{ACCESS}-2")
        self.assertEqual([made[1] for made in self.desk.named("refresh")], [REFRESH, REFRESH])

    def test_scopes_reduced(self):
        # F45
        self.age(0)
        self.desk.answers = [self.desk.grant(2, scopes=frozenset({"openid"}))]
        self.assertEqual(self.failure(self.tokens.token).reason, "scope_missing")
        self.assertEqual(self.state(), "reconnect")

    def test_copy_of_the_database_does_not_sync(self):
        # F59, beyond neutralize.sql
        self.env["ir.config_parameter"].set_param("database.uuid", "another")
        self.env.flush_all()
        with self.assertRaisesRegex(AuthorizationLost, "copy"):
            self.tokens.token()
        self.assertEqual(self.desk.calls, [])

    def test_missing_key_blocks_and_names_it(self):
        other = crypto.make_keyring([crypto.Key.parse("12" * 32, "")])
        key_id = crypto.sealed_key_id(self.credential.secret)
        with (
            patch.object(conf, "keyring", lambda: other),
            self.assertRaisesRegex(AuthorizationLost, key_id),
        ):
            self.tokens.token()
        self.assertEqual(self.state(), "verified", "the grant itself is fine")
        self.assertEqual(self.tokens.token(), f"{ACCESS}-1")

    def test_verify_is_a_real_exchange(self):
        self.assertEqual(self.mailbox.action_verify_token()["params"]["type"], "success")
        self.assertEqual(len(self.desk.named("refresh")), 1)
        self.desk.answers = [AuthorizationLost("invalid_grant", "revoked")]
        self.assertEqual(self.mailbox.action_verify_token()["params"]["type"], "danger")
        self.desk.answers = [self.desk.grant(9)]
        self.assertEqual(
            self.mailbox.action_verify_token()["params"]["type"], "success", "a person may insist"
        )
        self.credential._wipe()
        self.assertIn("Nothing stored", self.mailbox.action_verify_token()["params"]["title"])
        self.assertEqual(len(self.desk.named("refresh")), 3)

    def test_health_cron_warns_and_verifies(self):
        connect(self.mailbox, self.desk, refresh_expires_at=soon(2 * 86400))
        self.mailbox._cron_token_health()
        self.mailbox._cron_token_health()
        self.assertEqual(len(self.mailbox.activity_ids), 1)
        self.assertIn("ends at", self.mailbox.activity_ids.summary)
        jobs = self.env["queue.job"].search([("method_name", "=", "_job_verify_token")])
        self.assertFalse(jobs, "a grant in use is not tried")
        self.credential._write_row({"refreshed_at": fields.Datetime.now() - timedelta(days=31)})
        self.mailbox._cron_token_health()
        self.mailbox._cron_token_health()
        jobs = self.env["queue.job"].search([("method_name", "=", "_job_verify_token")])
        self.assertEqual(len(jobs), 1)
        self.assertEqual(self.mailbox._job_verify_token(), "verified")

    def test_words_never_promise_more_than_known(self):
        self.assertIn("Verified at", self.mailbox.token_text)
        self.assertEqual(self.mailbox.token_features, "Import, Live changes")
        self.credential._store_grant(self.desk.grant(), False)
        self.mailbox._token_changed()
        self.env.invalidate_all()
        self.assertEqual(self.mailbox.token_text, "Stored, not yet verified")
        self.credential._wipe()
        self.env.invalidate_all()
        self.assertEqual(self.mailbox.token_text, "Not connected")
        self.assertFalse(self.mailbox.token_features)

    def test_rotation(self):
        client = self.env["mailbox.client"]._for("fake", self.env.company)
        before = self.credential.secret
        new = crypto.make_keyring([crypto.Key.parse("34" * 32, ""), *[conf.keyring().primary]])
        with patch.object(conf, "keyring", lambda: new):
            self.assertEqual(self.env["mailbox.credential"]._rotate_keys(), 1)
            self.assertEqual(self.env["mailbox.client"]._rotate_keys(), 1)
            self.assertEqual(self.env["mailbox.credential"]._rotate_keys(), 0)
            self.assertNotEqual(self.credential.secret, before)
            self.assertEqual(self.credential._open("use").refresh_token, REFRESH)
            self.assertEqual(client._open_secret(), CLIENT_SECRET)
            self.assertEqual(self.env["mailbox.client"]._key_ids(), {new.primary.key_id})

    def test_dump_holds_no_secret(self):
        # S17: every column of every table, as a dump would write it.
        self.mailbox.new_client_secret = CLIENT_SECRET
        self.env["mailbox.signin"]._begin(self.mailbox, "session-word-PLANTED", "read")
        self.mailbox.action_verify_token()
        settings = self.env["res.config.settings"].create(
            {
                "mailbox_provider": "fake",
                "mailbox_client_id": "client-1",
                "mailbox_client_secret": CLIENT_SECRET,
            }
        )
        settings.execute()
        self.env.flush_all()
        self.assertEqual(
            self.env["mailbox.client"]._for("fake", self.env.company)._open_secret(), CLIENT_SECRET
        )
        self.assertEqual(self.credential._open_client_secret(), CLIENT_SECRET)
        self.env.cr.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema")
        tables = [name for (name,) in self.env.cr.fetchall()]
        self.assertIn("mailbox_credential", tables)
        hits = []
        for table in tables:
            self.env.cr.execute(
                f'SELECT count(*) FROM "{table}" AS line WHERE line::text LIKE %s', ["%PLANTED%"]
            )
            if self.env.cr.fetchone()[0]:
                hits.append(table)
        self.assertEqual(hits, [])

    def test_every_opening_is_an_event(self):
        self.tokens.verify()
        self.env.invalidate_all()
        kinds = self.env["mailbox.event"].search([("mailbox_id", "=", self.mailbox.id)])
        opened = kinds.filtered(lambda event: event.kind == "credential.opened")
        self.assertEqual([event.payload for event in opened], [{"purpose": "verify"}])


@tagged("-at_install", "post_install")
class TestTwoWorkers(TransactionCase):
    """F42, with real connections: what one worker commits, the other must see."""

    def setUp(self):
        super().setUp()
        self.desk = Desk()
        use_fake_provider(self.startPatcher, self.desk)
        # The threads look the registry up, and the test runner holds its lock.
        self.startPatcher(patch.object(type(self.registry), "_lock", DummyRLock()))
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            mailbox = new_mailbox(env, address="workers@example.org")
            connect(mailbox, self.desk, expires_at=soon(-1))
            self.mailbox_id = mailbox.id
        self.addCleanup(self.remove)

    def remove(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            cr.execute("DELETE FROM mailbox_event WHERE mailbox_id = %s", [self.mailbox_id])
            env["mailbox"].browse(self.mailbox_id).unlink()
            env["mailbox.client"].search([("provider", "=", "fake")]).unlink()

    def run_workers(self, count):
        tokens, failures = [], []

        def work():
            try:
                tokens.append(TokenSource(self.registry, self.mailbox_id).token())
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=work) for _number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return tokens, failures

    def slowly(self, outcome):
        def answer(call, *details):
            time.sleep(0.5)
            self.desk.calls.append((call, *details))
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        return patch.object(self.desk, "answer", answer)

    def test_one_refresh_call(self):
        with self.slowly(self.desk.grant(7)):
            tokens, failures = self.run_workers(4)
        self.assertEqual(failures, [])
        self.assertEqual(tokens, [f"{ACCESS}-7"] * 4)
        self.assertEqual(len(self.desk.named("refresh")), 1)

    def test_one_call_for_a_lost_grant(self):
        with self.slowly(AuthorizationLost("invalid_grant", "revoked")):
            tokens, failures = self.run_workers(4)
        self.assertEqual(tokens, [])
        self.assertEqual({type(failure) for failure in failures}, {AuthorizationLost})
        self.assertEqual(len(self.desk.named("refresh")), 1)

    def test_refreshed_token_survives_the_failure_of_the_job(self):
        with self.assertRaises(ZeroDivisionError), self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            mailbox = env["mailbox"].browse(self.mailbox_id)
            self.desk.answers = [self.desk.grant(5)]
            self.assertEqual(mailbox._token_source().token(), f"{ACCESS}-5")
            mailbox.name = "rolled back"
            1 / 0  # noqa: B018 - the surprise that ends the job
        self.assertEqual(TokenSource(self.registry, self.mailbox_id).token(), f"{ACCESS}-5")
        self.assertEqual(len(self.desk.named("refresh")), 1)
