"""The assistant: each step, each refusal, who may, and what the timeline says where it stalls."""

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from types import SimpleNamespace
from unittest.mock import patch

import requests
from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, TransactionCase, new_test_user, tagged

from .. import push_preflight, push_timeline, push_words
from .push_common import ADDRESS, PROJECT, SIGNER, TOPIC, PushMixin

ENDPOINT = "https://odoo.example.com/mailbox/push/gmail"


class SetupCase(PushMixin, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_up_push(ENDPOINT)
        cls.env["ir.config_parameter"].set_param("web.base.url", "https://odoo.example.com")
        cls.manager = new_test_user(cls.env, "boss", "mailbox_sync.group_manager")
        cls.person = new_test_user(cls.env, "person", "base.group_user")

    def setUp(self):
        super().setUp()
        self.registry_enter_test_mode()
        self.account.watches.clear()
        self.sandbox.faults.clear()
        self.sandbox.add_topic(TOPIC)
        self.sign_in(self.mailbox)
        self.answer = SimpleNamespace(status_code=405, headers={"Allow": "POST"})
        self.startPatcher(patch.object(push_preflight.requests, "get", self.get))

    def get(self, url, **_options):
        """This server asks itself."""
        self.assertEqual(url, ENDPOINT)
        if isinstance(self.answer, Exception):
            raise self.answer
        answer = self.answer
        answer.__dict__.update(close=lambda: None)
        return _Closing(answer)

    def opened(self, mailbox=None, user=None):
        """The assistant as a person has it before him."""
        mailbox = self.mailbox if mailbox is None else mailbox
        action = mailbox.with_user(user or self.manager).action_push_setup()
        return (
            self.env["mailbox.push.setup"].with_user(user or self.manager).browse(action["res_id"])
        )

    def states(self, lines):
        return {one["key"]: one["state"] for one in lines}


class _Closing:
    def __init__(self, answer):
        self._answer = answer

    def __enter__(self):
        return self._answer

    def __exit__(self, *details):
        self._answer.close()


@tagged("-at_install", "post_install")
class TestPushSetup(SetupCase):
    # -- who ---------------------------------------------------------------------------------------

    def test_managers_only(self):
        with self.assertRaises(AccessError):
            self.opened(user=self.person)
        setup = self.opened()
        self.assertEqual(setup.create_uid, self.manager)
        mine = setup.with_user(self.person)
        for ask in (
            lambda: mine.read(["script"]),
            lambda: mine.write({"topic_id": "mine"}),
            lambda: mine.create({"provider": "gmail"}),
            mine.action_continue,
            mine.action_back,
            mine.action_validate,
            mine.action_register,
            mine.action_preflight,
            mine.action_recheck,
            mine.action_restart,
            mine.action_finish,
            mine.action_download,
            lambda: mine.action_fix("sync_now"),
        ):
            with self.assertRaises(AccessError), self.cr.savepoint():
                ask()

    def test_a_manager_does_not_see_anothers_form(self):
        other = new_test_user(self.env, "boss2", "mailbox_sync.group_manager")
        with self.assertRaises(AccessError):
            self.opened().with_user(other).read(["project_id"])

    def test_another_companys_mailbox_is_out_of_reach(self):
        company = self.env["res.company"].create({"name": "Other"})
        self.mailbox.sudo()._sync_stop()
        self.env.cr.execute(
            "UPDATE mailbox SET company_id = %s WHERE id = %s", [company.id, self.mailbox.id]
        )
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            self.opened()

    # -- project and topic -------------------------------------------------------------------------

    def test_it_opens_where_the_mailbox_stands(self):
        self.assertEqual(self.opened().step, "preflight")
        self.config.audience = False
        self.assertEqual(self.opened().step, "cloud")
        self.config.audience = ENDPOINT
        self.mailbox._subscription()._watch()
        self.assertEqual(self.opened().step, "test")
        self.config.unlink()
        self.assertEqual(self.opened().step, "project")

    def test_project_and_topic_make_the_settings(self):
        self.config.unlink()
        setup = self.opened()
        form = Form(setup)
        form.project_id = "other-project-1"
        form.topic_id = "mailbox-gmail"
        form.save()
        setup.action_continue()
        config = self.env["mailbox.push.config"].search([])
        self.assertEqual((config.project_id, setup.step), ("other-project-1", "cloud"))
        self.assertEqual(setup.config_id, config)
        setup.action_back()
        self.assertEqual(setup.step, "project")

    def test_names_are_checked_by_form(self):
        setup = self.opened()
        for project, topic in (
            ("My Project", "mailbox-gmail"),
            ("12345678", "mailbox-gmail"),
            ("short", "mailbox-gmail"),
            (PROJECT, "googly"),
            (PROJECT, "ab"),
            (PROJECT, "two words"),
        ):
            with self.assertRaises(ValidationError, msg=(project, topic)), self.cr.savepoint():
                setup.step = "project"
                setup.write({"project_id": project, "topic_id": topic})
                setup.action_continue()

    def test_a_topic_of_another_project_is_refused_with_the_reason(self):
        setup = self.opened()
        setup.write({"step": "project", "topic_id": "projects/elsewhere/topics/mailbox-gmail"})
        with self.assertRaisesRegex(UserError, "in project “elsewhere”.*own project only"):
            setup.action_continue()
        setup.topic_id = f" {TOPIC}"
        setup.action_continue()
        self.assertEqual((setup.topic_id, self.config.topic_id), ("mailbox-gmail",) * 2)

    def test_one_client_has_one_project(self):
        company = self.env["res.company"].create({"name": "Other"})
        values = {"provider": "gmail", "company_id": company.id, "project_id": "second-project"}
        refused = self.assertRaisesRegex(ValidationError, "second-project.*same OAuth client")
        with refused, self.cr.savepoint():
            self.env["mailbox.push.config"].create(values)
        self.env["mailbox.client"].create(
            {"provider": "gmail", "company_id": company.id, "client_id": "own"}
        )
        self.assertTrue(self.env["mailbox.push.config"].create(values))

    def test_several_mailboxes_share_the_project(self):
        self.env["mailbox"].create({"name": "b", "provider": "gmail", "address": "bob@example.org"})
        self.assertEqual(self.opened().shared_text, "bob@example.org")

    def test_no_step_before_there_is_a_project(self):
        self.config.unlink()
        setup = self.opened()
        for step in ("cloud", "preflight", "validate", "register", "test"):
            with self.assertRaises(UserError):
                setup.step = step

    def test_from_the_settings(self):
        settings = self.env["res.config.settings"].with_user(self.manager)
        setup = self.env["mailbox.push.setup"].browse(
            settings.action_mailbox_push_setup()["res_id"]
        )
        self.assertEqual(setup.mailbox_id, self.mailbox)
        with self.assertRaises(AccessError):
            self.env["res.config.settings"].with_user(self.person).action_mailbox_push_setup()

    # -- the script --------------------------------------------------------------------------------

    def test_the_script_is_for_this_odoo(self):
        client = self.env["mailbox.client"].search([])
        client.client_id = "4711000-abc.apps.googleusercontent.com"
        setup = self.opened()
        for part in (PROJECT, "mailbox-gmail-odoo", ENDPOINT, SIGNER, "4711000"):
            self.assertIn(f"='{part}'", setup.script)
        self.assertIn("4711000", setup.client_text)
        url = setup.action_download()["url"]
        self.assertIn(f"id={setup.id}&field=script_file", url)
        setup.delivery = "pull"
        self.assertIn("roles/pubsub.subscriber", setup.script)
        self.assertEqual(setup.script_name, "mailbox-pull-setup.sh")

    # -- preflight ---------------------------------------------------------------------------------

    def checks(self):
        setup = self.opened()
        setup.action_preflight()
        return {one["key"]: one for one in setup.preflight}

    def test_preflight_in_order(self):
        found = self.checks()
        for key in ("host", "scheme", "webhook", "clock"):
            self.assertEqual(found[key]["state"], "ok", found[key])

    def test_other_answers_than_405(self):
        for status, headers, words in (
            (302, {"Location": "https://login.example.com/x"}, "login.example.com"),
            (404, {}, "dbfilter"),
            (403, {}, "firewalls"),
            (200, {}, "not 405"),
            (405, {}, "not 405"),
        ):
            self.answer = SimpleNamespace(status_code=status, headers=headers)
            line = self.checks()["webhook"]
            self.assertEqual(line["state"], "failed", status)
            self.assertIn(words, line["detail"] + line["advice"])

    def test_no_answer_at_all(self):
        self.answer = requests.exceptions.SSLError("x")
        self.assertEqual(self.checks()["webhook"]["state"], "failed")
        self.answer = requests.ConnectionError("x")
        line = self.checks()["webhook"]
        self.assertEqual(line["state"], "warning")
        self.assertIn(f"curl -i {ENDPOINT}", line["advice"])

    def test_addresses_that_google_does_not_reach(self):
        for address, host, scheme in (
            ("http://odoo.example.com", "ok", "failed"),
            ("https://10.0.0.5", "failed", "ok"),
            ("https://intranet", "failed", "ok"),
            ("http://127.0.0.1:8069", "warning", "warning"),
        ):
            endpoint = f"{address}/mailbox/push/gmail"
            with patch.object(push_preflight, "_webhook", lambda env, url: {"key": "webhook"}):
                spec = self.mailbox._spec().push
                found = push_preflight.findings(self.env, endpoint, spec)
            states = {one["key"]: one.get("state") for one in found}
            self.assertEqual((states["host"], states["scheme"]), (host, scheme), address)

    def test_a_wrong_clock(self):
        for seconds, state in ((5, "ok"), (20, "warning"), (-20, "warning"), (300, "failed")):
            theirs = datetime.now(timezone.utc) + timedelta(seconds=seconds)
            answer = SimpleNamespace(headers={"Date": format_datetime(theirs, usegmt=True)})
            http = SimpleNamespace(request=lambda *_args, one=answer: one, close=lambda: None)
            with patch.object(push_preflight, "oauth_http", lambda _endpoints, one=http: one):
                self.assertEqual(self.checks()["clock"]["state"], state, seconds)

    def test_keys_out_of_reach(self):
        with patch.dict("os.environ", {"MAILBOX_GOOGLE_BASE_URL": "http://127.0.0.1:9"}):
            line = self.checks()["clock"]
        self.assertEqual(line["state"], "failed")
        self.assertIn("signing keys", line["advice"])

    def test_pull_needs_no_address(self):
        spec = self.mailbox._spec().push
        found = push_preflight.findings(self.env, "http://10.0.0.5/x", spec, "pull")
        self.assertEqual([one["key"] for one in found], ["host", "clock", "runner"])
        self.assertEqual(found[0]["state"], "ok")

    # -- validate ----------------------------------------------------------------------------------

    def test_audience_and_signer_are_aligned_and_it_says_what_changed(self):
        other = "old@other-project.iam.gserviceaccount.com"
        self.config.write({"audience": "https://old.example.com", "signers": other})
        setup = self.opened()
        self.assertEqual(self.states(setup.alignment), {"audience": "failed", "signer": "failed"})
        self.assertFalse(setup.is_aligned)
        setup.action_validate()
        self.assertEqual(self.config.audience, ENDPOINT)
        self.assertEqual(self.config._signer_set(), {other, SIGNER})
        details = [one["detail"] for one in setup.changed]
        self.assertEqual(details, [f"https://old.example.com → {ENDPOINT}", SIGNER])
        self.assertTrue(setup.is_aligned)
        event = self.env["mailbox.event"].search([("kind", "=", "push.aligned")], limit=1)
        self.assertEqual(event.payload["audience"], ENDPOINT)
        setup.action_validate()
        self.assertEqual([one["key"] for one in setup.changed], ["same"])

    # -- register ----------------------------------------------------------------------------------

    def test_register_by_the_guard(self):
        setup = self.opened()
        setup.step = "register"
        self.assertTrue(setup.is_ready)
        with self.assertRaisesRegex(UserError, "Register the watch first"):
            setup.action_continue()
        setup.action_register()
        self.assertEqual((setup.push_state, setup.step), ("active", "test"))
        self.assertTrue(setup.test_since)

    def test_each_refusal_has_its_button(self):
        setup = self.opened()
        self.mailbox._sync_pause()
        self.config.signers = False
        credential = self.env["mailbox.credential"]._of(self.mailbox)
        credential._write_row({"scopes": "openid"})
        setup.invalidate_recordset()
        fixes = {one["key"]: one["fixes"] for one in setup.readiness}
        self.assertEqual(
            fixes, {"scope": ["reconnect"], "asleep": ["resume"], "receiver": ["validate"]}
        )
        with self.assertRaises(UserError):
            setup.action_register()

    def test_what_google_refuses_is_shown(self):
        self.sandbox.world.broker.delete_topic(TOPIC)
        setup = self.opened()
        setup.step = "register"
        answer = setup.action_register()
        self.assertEqual(answer["params"]["type"], "danger")
        self.assertIn("does not exist", answer["params"]["message"])
        self.assertEqual(setup.step, "register")

    def test_a_mailbox_is_needed(self):
        setup = self.opened()
        setup.mailbox_id = False
        self.assertEqual(self.states(setup.readiness), {"mailbox": "warning"})
        for step in (setup.action_register, setup.action_restart):
            with self.assertRaisesRegex(UserError, "Choose the mailbox"):
                step()

    def test_buttons_of_lines(self):
        setup = self.opened()
        for word in ("project", "cloud", "preflight", "validate", "register"):
            setup.action_fix(word)
            self.assertEqual(setup.step, word)
        for word in push_words.MAILBOX_FIXES:
            setup.action_fix(word)
        for word in ("unlink", "_purge_mail", ""):
            with self.assertRaises(UserError):
                setup.action_fix(word)

    def test_finish(self):
        action = self.opened().action_finish()
        self.assertEqual((action["res_model"], action["res_id"]), ("mailbox", self.mailbox.id))


@tagged("-at_install", "post_install")
class TestPushTimeline(SetupCase):
    """The realtime test, and what stands where it stops."""

    def setUp(self):
        super().setUp()
        self.stream = self.live_stream(self.mailbox)
        self.line = self.mailbox._subscription()
        self.line.write({"state": "active", "topic": TOPIC})
        self.since = fields.Datetime.now() - timedelta(seconds=1)

    def look(self, later=0):
        self.env.flush_all()
        now = fields.Datetime.now() + timedelta(seconds=later)
        return {one["key"]: one for one in push_timeline.checkpoints(self.mailbox, self.since, now)}

    def stall(self, key, later=0):
        """The line at which it stops; those before are observed, those after wait."""
        found = self.look(later)
        keys = list(found)
        place = keys.index(key)
        self.assertTrue(all(found[one]["state"] == "observed" for one in keys[:place]), found)
        self.assertTrue(all(found[one]["state"] == "waiting" for one in keys[place + 1 :]), found)
        return found[key]

    def heard(self):
        self.line.last_hint_at = fields.Datetime.now()

    def looked(self):
        now = fields.Datetime.now()
        self.env["mailbox.run"].create(
            {"mailbox_id": self.mailbox.id, "trigger": "hint", "started_at": now, "ended_at": now}
        )

    def arrived(self, **stations):
        """A message with these stations."""
        row = self.env["mailbox.message"].create(
            {"mailbox_id": self.mailbox.id, "remote_id": "t1", "disposition": "stored"}
        )
        now = fields.Datetime.now()
        times = dict.fromkeys(("hint_at", "verified_at", "sync_at", "stored_at"), now) | stations
        self.env["mailbox.trace"].create(
            {"mailbox_id": self.mailbox.id, "message_id": row.id, "provider_at": now, **times}
        )

    def refused(self, word):
        self.config.write({"refused_at": fields.Datetime.now(), "refused_reason": word})

    def test_before_anything_comes_it_waits_for_the_mail(self):
        line = self.stall("delivered")
        self.assertEqual((line["state"], line["fixes"]), ("waiting", []))
        self.assertIn(ADDRESS, line["detail"])

    def test_1_nothing_comes(self):
        line = self.stall("delivered", later=130)
        self.assertEqual((line["state"], line["fixes"][0]), ("missing", "preflight"))

    def test_1_push_is_off_or_in_trouble(self):
        self.line._switch_off()
        self.assertEqual(self.stall("delivered")["fixes"], ["register"])
        self.line.write({"state": "failing", "last_error": "The topic does not exist."})
        line = self.stall("delivered")
        self.assertEqual(line["fixes"], ["register", "verify_token"])
        self.assertIn("topic", line["advice"])

    def test_1_the_mail_was_polled(self):
        self.arrived(hint_at=None, verified_at=None)
        found = self.look()
        self.assertEqual(found["delivered"]["state"], "missing")
        self.assertIn("polling", found["delivered"]["detail"])
        self.assertEqual(found["delivered"]["fixes"], ["preflight", "cloud"])
        self.assertEqual(found["stored"]["state"], "observed")

    def test_2_refused(self):
        for word, fix in (
            ("audience", "validate"),
            ("signer", "validate"),
            ("unconfigured", "validate"),
            ("missing", "cloud"),
            ("signature", "cloud"),
            ("issuer", "cloud"),
            ("malformed", "cloud"),
            ("expired", "preflight"),
            ("keys", "preflight"),
        ):
            self.refused(word)
            line = self.stall("verified")
            self.assertEqual((line["state"], line["fixes"]), ("missing", [fix]), word)
            self.assertEqual(line["detail"], push_words.refusal(self.env, word)[0])

    def test_2_a_refusal_before_the_test_or_before_a_good_one_does_not_count(self):
        self.refused("audience")
        self.since = fields.Datetime.now() + timedelta(seconds=1)
        self.assertEqual(self.stall("delivered")["state"], "waiting")
        self.since -= timedelta(seconds=2)
        self.line.last_hint_at = fields.Datetime.now() + timedelta(seconds=1)
        self.assertEqual(self.look()["verified"]["state"], "observed")

    def test_3_no_look_follows(self):
        self.heard()
        self.assertEqual(self.stall("synced")["state"], "waiting")
        line = self.stall("synced", later=30)
        self.assertEqual((line["state"], line["fixes"]), ("missing", ["preflight", "sync_now"]))

    def test_3_the_mailbox_sleeps(self):
        self.heard()
        self.mailbox._sync_pause()
        self.assertEqual(self.stall("synced")["fixes"], ["resume"])
        self.mailbox._sync_resume()
        self.stream.write({"gate": "blocked", "gate_reason": "refused"})
        self.assertEqual(self.stall("synced")["fixes"], ["verify_token", "reconnect"])
        credential = self.env["mailbox.credential"]._of(self.mailbox)
        credential._write_row({"token_state": "reconnect", "failure": "revoked"})
        self.env.invalidate_all()
        line = self.stall("synced")
        self.assertEqual(line["fixes"], ["verify_token", "reconnect"])
        self.assertIn("revoked", line["detail"])

    def test_4_the_look_finds_nothing(self):
        self.heard()
        self.looked()
        self.assertEqual(self.stall("stored")["state"], "waiting")
        line = self.stall("stored", later=40)
        self.assertEqual((line["state"], line["fixes"]), ("missing", ["sync_now", "restart"]))

    def test_5_the_body_is_not_made(self):
        self.arrived()
        self.assertEqual(self.stall("body")["state"], "waiting")
        line = self.stall("body", later=100)
        self.assertEqual((line["state"], line["fixes"]), ("missing", ["preflight"]))

    def test_6_the_screens_are_not_told(self):
        self.arrived(body_at=fields.Datetime.now())
        self.assertEqual(self.stall("shown")["state"], "waiting")
        line = self.stall("shown", later=20)
        self.assertEqual((line["state"], line["fixes"]), ("missing", ["reload"]))

    def test_all_the_way(self):
        now = fields.Datetime.now()
        self.arrived(body_at=now, shown_at=now)
        found = self.look()
        self.assertEqual({one["state"] for one in found.values()}, {"observed"})
        self.assertTrue(all(one["at"].endswith("Z") for one in found.values()))
        setup = self.opened()
        setup.test_since = self.since
        self.assertTrue(setup.is_through)

    def test_nothing_of_the_mail_is_shown_to_managers(self):
        self.arrived()
        self.env["mailbox.message"].search([("remote_id", "=", "t1")]).subject = "Planted"
        self.assertNotIn("Planted", str(self.look()))

    def test_speed_is_measured_or_an_honest_expectation(self):
        self.assertIn("3 to 8 seconds", self.mailbox.push_speed_text)
        rows = self.env["mailbox.message"].create(
            [
                {"mailbox_id": self.mailbox.id, "remote_id": f"s{n}", "disposition": "stored"}
                for n in range(20)
            ]
        )
        now = fields.Datetime.now()
        for number, row in enumerate(rows):
            self.env["mailbox.trace"].create(
                {
                    "mailbox_id": self.mailbox.id,
                    "message_id": row.id,
                    "provider_at": now - timedelta(seconds=10),
                    "hint_at": now - timedelta(seconds=9),
                    "sync_at": now - timedelta(seconds=9),
                    "stored_at": now - timedelta(seconds=8 if number < 18 else 4),
                }
            )
        self.env.flush_all()
        self.mailbox.invalidate_recordset()
        self.assertIn("within 2.0 seconds, 95 in 100 within 6.0", self.mailbox.push_speed_text)
