"""Push without a public address: the key, the screen, the listener, what doctor says."""

import base64
import json
from datetime import datetime, timedelta, timezone
from unittest.mock import patch

import psycopg2
from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.modules.registry import Registry
from odoo.tests import Form, TransactionCase, new_test_user, tagged
from odoo.tools import file_open, mute_logger

from mailbox_core.errors import Unavailable

from ..engine import listener as listening
from ..engine import listeners as all_listeners
from ..engine import notice
from ..engine.listener import Database, Listener
from ..engine.listeners import Listeners
from .push_common import ADDRESS, PROJECT, SUBSCRIPTION, TOPIC, PushMixin

CAUSE = "odoo.addons.mailbox_sync.engine.listener"


@tagged("-at_install", "post_install")
class TestPushPull(PushMixin, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Tokens and hints are kept with cursors of their own.
        cls.registry_enter_test_mode_cls()
        cls.set_up_push()
        cls.key = cls.sandbox.add_pull(topic=TOPIC, subscription=SUBSCRIPTION)
        cls.config.write(
            {"mode": "pull", "queue_id": "mailbox-gmail", "audience": False, "signers": False}
        )
        cls.config.new_service_key = json.dumps(cls.key)
        cls.stream = cls.live_stream(cls.mailbox)
        cls.mailbox._subscription()._watch()
        cls.env.flush_all()

    def setUp(self):
        super().setUp()
        self.waiting_jobs(self.stream).unlink()
        self.env["mailbox.hint"].sudo().search([]).unlink()
        broker = self.sandbox.world.broker
        broker.subscription(SUBSCRIPTION).backlog = type(broker.subscription(SUBSCRIPTION).backlog)(
            broker._rng
        )
        # The listener's connections are its own; here all is one transaction.
        self.startPatcher(patch.object(listening.sql_db, "close_db"))
        self.startPatcher(patch.object(Registry, "check_signaling", lambda registry: registry))

    def listener(self):
        (order,) = self.env["mailbox.push.config"]._pull_orders()
        made = Listener(Database(self.env.cr.dbname), order)
        source = made._open()
        self.addCleanup(source.close)
        return made, source

    def publish(self, address=ADDRESS, history=7):
        data = json.dumps({"emailAddress": address, "historyId": history}).encode()
        self.sandbox.world.broker.publish(TOPIC, data)

    def hints(self):
        self.env.invalidate_all()
        return self.env["mailbox.hint"].sudo().search([("stream_id", "=", self.stream.id)])

    def backlog(self):
        return len(self.sandbox.world.broker.subscription(SUBSCRIPTION).backlog)

    # -- the key ---------------------------------------------------------------------------------

    def test_s17_the_key_is_sealed_and_never_shown(self):
        self.assertEqual(self.config.service_account, self.key["client_email"])
        self.assertFalse(self.config.new_service_key)
        self.assertFalse(self.config.new_service_key_file)
        self.env.cr.execute("SELECT * FROM mailbox_push_config WHERE id = %s", [self.config.id])
        stored = str(self.env.cr.dictfetchall())
        self.assertNotIn("PRIVATE KEY", stored)
        self.assertNotIn(self.key["private_key"][100:140], stored)
        manager = new_test_user(self.env, "manager", "base.group_user,mailbox_sync.group_manager")
        config = self.config.with_user(manager)
        self.assertNotIn("service_key", config.fields_get())
        with self.assertRaises(AccessError):
            config.read(["service_key"])
        self.assertNotIn("PRIVATE KEY", str(config.copy_data()))

    def test_a_manager_uploads_a_file_and_nobody_else_may(self):
        other = self.sandbox.add_pull("other-listener", topic=TOPIC, subscription=SUBSCRIPTION)
        manager = new_test_user(self.env, "manager", "base.group_user,mailbox_sync.group_manager")
        with Form(self.config.with_user(manager)) as form:
            form.new_service_key_file = base64.b64encode(json.dumps(other).encode())
        self.assertEqual(self.config.service_account, other["client_email"])
        self.assertEqual(self.config._open_key().private_key, other["private_key"])
        person = new_test_user(self.env, "person", "base.group_user")
        with self.assertRaises(AccessError):
            self.config.with_user(person).new_service_key = json.dumps(self.key)

    def test_a_bad_key_is_refused_and_the_old_one_stays(self):
        for text in ("{}", "secret", json.dumps(self.key | {"private_key": "x"})):
            with self.assertRaises(UserError):
                self.config.new_service_key = text
        with self.assertRaises(UserError):
            self.config.new_service_key_file = base64.b64encode(b"\xff\xfe")
        self.assertEqual(self.config._open_key().key_id, self.key["private_key_id"])

    def test_the_subscriptions_name_is_checked(self):
        for name in ("x", "google-queue", "projects/p/subscriptions/s", False):
            with self.assertRaises(ValidationError):
                self.config.queue_id = name

    def test_a_copy_of_the_database_fetches_nothing(self):
        self.assertEqual(len(self.config._pull_orders()), 1)
        parameters = self.env["ir.config_parameter"]
        uuid = parameters.get_param("database.uuid")
        parameters.set_param("database.uuid", "of-a-copy")
        self.assertEqual(self.config._pull_orders(), [])
        parameters.set_param("database.uuid", uuid)
        parameters.set_param("database.is_neutralized", "True")
        self.assertEqual(self.config._pull_orders(), [])
        parameters.set_param("database.is_neutralized", False)
        with file_open("mailbox_sync/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env.invalidate_all()
        self.assertFalse(self.config.service_key)
        self.assertEqual(self.config._pull_orders(), [])

    def test_keys_rotate_with_the_others(self):
        before = self.config.sudo().service_key
        self.assertIn(before.split(":")[1], self.config._key_ids())
        self.assertEqual(self.config._rotate_keys(), 0)
        with patch("odoo.addons.mailbox_sync.crypto.Keyring.is_current", return_value=False):
            self.assertEqual(self.config._rotate_keys(), 1)
        self.assertNotEqual(self.config.sudo().service_key, before)
        self.assertEqual(self.config._open_key().email, self.key["client_email"])

    # -- readiness and the screen ----------------------------------------------------------------

    def test_what_stands_in_the_way(self):
        self.assertEqual(self.mailbox._push_blockers(), [])
        self.config.action_forget_service_key()
        self.assertEqual([word for word, _ in self.mailbox._push_blockers()], ["key"])
        self.assertEqual(self.config._pull_orders(), [])

    def test_the_webhook_does_not_answer_to_it(self):
        self.config.write({"audience": "https://x", "signers": "a@b.example"})
        self.assertEqual(self.config._accepted("gmail"), ())
        self.config.mode = "webhook"
        self.assertEqual(len(self.config._accepted("gmail")), 1)

    def told(self):
        return self.config.action_check_pull()["params"]

    def test_check_access_says_what_is_wrong(self):
        self.assertEqual(self.told()["type"], "success")
        self.publish()
        self.assertEqual((self.told()["type"], self.backlog()), ("success", 1))
        broker = self.sandbox.world.broker
        policy = broker.subscription(SUBSCRIPTION).policy
        members = policy.pop("roles/pubsub.subscriber")
        self.assertIn("Pub/Sub Subscriber", self.told()["message"])
        policy["roles/pubsub.subscriber"] = members
        self.config.queue_id = "not-there"
        self.assertIn("correct its name", self.told()["message"])
        self.config.queue_id = "mailbox-gmail"
        account = self.sandbox.world.service_accounts.get(self.key["client_email"])
        account.disabled = True
        self.addCleanup(setattr, account, "disabled", False)
        self.assertIn("switched off", self.told()["message"])
        self.config.action_forget_service_key()
        self.assertEqual(self.told()["type"], "warning")

    # -- fetching --------------------------------------------------------------------------------

    def test_a_hint_is_durable_before_it_is_acknowledged(self):
        made, source = self.listener()
        self.publish()
        noted = []

        def acknowledge(receipts):
            noted.append((len(self.hints()), self.backlog()))
            return type(source).acknowledge(source, receipts)

        source.acknowledge = acknowledge
        made._round(source)
        self.assertEqual((noted, self.backlog()), ([(1, 1)], 0))
        self.assertEqual(len(self.waiting_jobs(self.stream)), 1)
        self.assertTrue(made.status.acknowledged_at)
        hint = self.hints()
        self.assertEqual((hint.source, hint.trigger), ("push", "hint"))
        self.assertTrue(hint.published_at)
        self.assertTrue(self.mailbox.subscription_ids.last_hint_at)

    def test_f40_what_the_database_refuses_is_not_acknowledged(self):
        made, source = self.listener()
        self.publish()
        down = psycopg2.OperationalError("the database is going down")
        with (
            patch.object(notice, "_targets", side_effect=down),
            self.assertRaises(psycopg2.OperationalError),
        ):
            made._round(source)
        self.assertEqual((len(self.hints()), self.backlog()), (0, 1))
        made._round(source)
        self.assertEqual((len(self.hints()), self.backlog()), (1, 0))

    def test_a_backlog_becomes_one_hint_a_mailbox(self):
        made, source = self.listener()
        for history in range(250):
            self.publish(history=history)
        self.publish("nobody@example.org")
        while self.backlog():
            made._round(source)
        self.assertEqual(len(self.hints()), 3)
        self.assertEqual(len(self.waiting_jobs(self.stream)), 1)
        self.assertEqual(made.status.received, 251)

    def test_what_cannot_be_read_is_acknowledged_too(self):
        made, source = self.listener()
        self.sandbox.world.broker.publish(TOPIC, b"rubbish")
        with self.assertLogs(CAUSE, "WARNING"):
            made._round(source)
        self.assertEqual((len(self.hints()), self.backlog()), (0, 0))

    def test_a_listener_that_ends_hands_back(self):
        made, source = self.listener()
        self.publish()
        made.stop()
        made._round(source)
        self.assertEqual((len(self.hints()), self.backlog()), (0, 1))
        self.assertEqual(len(source.pull(5)), 1)

    def test_slow_work_asks_for_more_time(self):
        made, source = self.listener()
        self.publish()
        with (
            patch.object(listening, "_SLOW", -1.0),
            patch.object(type(source), "extend", autospec=True) as extend,
        ):
            made._round(source)
        self.assertEqual(extend.call_args.args[2], 60)

    def test_the_thread_outlives_trouble_and_says_it(self):
        made, source = self.listener()
        answers = [Unavailable("no route"), psycopg2.OperationalError("gone"), KeyError("odd"), []]

        def pull(limit):
            answer = answers.pop(0)
            if not answers:
                made.stop()
            if isinstance(answer, Exception):
                raise answer
            return answer

        source.pull = pull
        seen = []

        def delay(failures, *_more):
            seen.append((failures, made.status.trouble))
            return 0.0

        with (
            patch.object(made, "_open", lambda: source),
            patch.object(listening, "delay", delay),
            mute_logger(CAUSE),
        ):
            made._run()
        name = self.env.cr.dbname
        self.assertEqual(
            seen,
            [
                (1, "no route"),
                (2, f"The database {name} cannot be used now."),
                (3, "KeyError in the listener; see its log."),
            ],
        )
        self.assertEqual((made.status.failures, made.status.trouble), (0, ""))

    # -- the heartbeat ---------------------------------------------------------------------------

    def test_doctor_and_screen_tell_whether_a_listener_lives(self):
        def said():
            self.env.invalidate_all()
            (found,) = self.env["mailbox.doctor"]._check_listeners()
            return found["level"], self.config.listener_state

        self.assertEqual(said(), ("bad", "never"))
        made, source = self.listener()
        beat = self.env["mailbox.listener"]._beat
        beat(self.config.id, "host:1", made.status)
        self.assertEqual(said(), ("good", "waiting"))
        self.publish()
        made._round(source)
        beat(self.config.id, "host:1", made.status)
        self.assertEqual(said(), ("good", "alive"))
        self.assertRegex(self.config.listener_text, r"last acknowledgement \d s ago")
        made.status.trouble = "no route"
        beat(self.config.id, "host:1", made.status)
        self.assertEqual(said(), ("bad", "failing"))
        made.status.trouble = ""
        beat(self.config.id, "host:1", made.status, stopped=True)
        self.assertEqual(said(), ("bad", "stopped"))
        beat(self.config.id, "host:2", made.status)
        self.assertEqual(said(), ("good", "alive"))
        line = self.config.listener_ids
        line.beat_at = fields.Datetime.now() - timedelta(seconds=61)
        self.env.flush_all()
        self.assertEqual(said(), ("bad", "dead"))
        self.assertEqual(line.process, "host:2")

    def test_settings_take_effect_without_a_restart(self):
        listeners, name = Listeners([self.env.cr.dbname]), self.env.cr.dbname
        with (
            patch.object(Listener, "start", lambda listener: listener),
            patch.object(Listener, "is_alive", return_value=True),
        ):
            listeners.beat()
            first = listeners._known[name][self.config.id]
            listeners.beat()
            self.assertIs(listeners._known[name][self.config.id], first)
            self.config.queue_id = "another-queue"
            self.env.flush_all()
            listeners.beat()
            second = listeners._known[name][self.config.id]
            self.assertTrue(first._stopped.is_set())
            self.assertIn("another-queue", second.order.queue)
            self.config.mode = "webhook"
            self.env.flush_all()
            listeners.beat()
            self.assertEqual(listeners._known[name], {})
            self.assertTrue(second._stopped.is_set())

    def test_without_a_choice_all_databases_with_the_addon_are_served(self):
        here = self.env.cr.dbname
        listeners = Listeners()
        with patch.object(all_listeners, "list_dbs", return_value=["postgres", here]) as listed:
            self.assertEqual(listeners._names(), [here])
            listeners._databases[here] = Database(here)
            self.assertEqual(listeners._names(), [here])
            self.assertEqual(listed.call_count, 1, "looked for once a minute")
            listeners._searched -= all_listeners.SEARCH
            listed.side_effect = psycopg2.OperationalError("gone")
            with self.assertLogs("odoo.addons.mailbox_sync.engine.listeners", "WARNING"):
                self.assertEqual(listeners._names(), [here], "what is known is kept")
        self.assertEqual(Listeners(["a", "b"])._names(), ["a", "b"])

    def test_one_database_in_trouble_does_not_keep_the_others_waiting(self):
        here = self.env.cr.dbname
        listeners = Listeners(["no-such-database", here])
        with (
            patch.object(Listener, "start", lambda listener: listener),
            mute_logger("odoo.addons.mailbox_sync.engine.listeners", "odoo.sql_db"),
        ):
            listeners.beat()
        self.assertEqual([*listeners._known[here]], [self.config.id])

    def test_a_dead_thread_is_replaced_and_a_lost_database_asked_again(self):
        listeners, name = Listeners([self.env.cr.dbname]), self.env.cr.dbname
        with patch.object(Listener, "start", lambda listener: listener):
            listeners.beat()
            first = listeners._known[name][self.config.id]
            listeners.beat()
            self.assertIsNot(listeners._known[name][self.config.id], first)
            gone = psycopg2.OperationalError("the database system is shutting down")
            with (
                patch.object(Database, "registry", side_effect=gone),
                self.assertLogs("odoo.addons.mailbox_sync.engine.listeners", "WARNING"),
            ):
                listeners.beat()
            self.assertIn(self.config.id, listeners._known[name])

    def test_hints_keep_when_they_were_published(self):
        made, _source = self.listener()
        now = datetime.now(timezone.utc)
        messages = [
            {"emailAddress": ADDRESS, "historyId": n, "publishTime": f"2026-11-21T20:0{n}:00Z"}
            for n in (2, 1)
        ]
        batch = [listening_pulled(message) for message in messages]
        (hint,) = made._hints(batch, now)
        self.assertEqual(hint.published_at.minute, 2)
        self.assertEqual(PROJECT, made.order.queue.split("/")[1])


def listening_pulled(message):
    """What a pull returns for a message."""
    return type("Pulled", (), {"receipt": "r", "message": message})()
