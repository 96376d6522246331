"""The assistant: each step, each refusal, who may."""

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from types import SimpleNamespace
from unittest.mock import patch

import requests
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import config

from .. import push_preflight, push_words
from .push_common import PROJECT, SIGNER, TOPIC
from .push_setup_common import ENDPOINT, SetupCase


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
        setup.mode = "pull"
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

    def test_the_runner_is_judged_by_its_jobs(self):
        doctor = type(self.env["mailbox.doctor"])
        modules = {"server_wide_modules": ["base", "rpc", "web", "queue_job"]}
        with patch.dict(config.options, modules):
            with patch.object(doctor, "_runner_connected", lambda _self: 1):
                self.assertNotEqual(self.checks()["runner"]["state"], "failed")
                long_ago = datetime(2026, 1, 1)
                with patch.object(doctor, "_oldest_waiting_job", lambda _self: long_ago):
                    self.assertEqual(self.checks()["runner"]["state"], "failed")
            with patch.object(doctor, "_runner_connected", lambda _self: 0):
                self.assertEqual(self.checks()["runner"]["state"], "failed")

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

    def test_fetching_needs_a_key_and_a_listener(self):
        self.config.write({"audience": False, "signers": False})
        setup = self.opened()
        setup.write({"step": "project", "mode": "pull", "topic_id": "mailbox-shop"})
        setup.action_continue()
        self.assertEqual((self.config.mode, self.config.queue_id), ("pull", "mailbox-shop-odoo"))
        lines = {one["key"]: one for one in setup.alignment}
        self.assertEqual((lines["key"]["state"], lines["key"]["fixes"]), ("failed", ["settings"]))
        self.assertEqual(lines["listener"]["state"], "warning")
        self.assertEqual(setup.action_fix("settings")["res_id"], self.config.id)
        self.assertIn("params", setup.action_fix("check_pull"))
        with self.assertRaisesRegex(UserError, "nothing to align"):
            setup.action_validate()
        self.assertEqual([one["fixes"] for one in setup.readiness], [["settings"]])
        self.config.service_account = setup.signer
        setup.invalidate_recordset()
        self.assertEqual(setup.alignment[0]["state"], "ok")
        self.assertEqual(self.opened().step, "preflight")

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
