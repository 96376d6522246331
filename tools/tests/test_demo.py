"""The demo's own logic: options, forms, figures."""

import base64
import hashlib
import hmac
import smtplib
from email.message import EmailMessage
from pathlib import Path

import pytest
import requests

from mailbox_tools.demo import (
    options,
    outside,
    push,
    report,
    scene_mails,
    scene_rules,
    scene_words,
)
from mailbox_tools.demo.client import _Form, _words
from mailbox_tools.env import ToolingError


def test_a_path_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ToolingError, match="does not exist"):
        options.read({}, [str(tmp_path / "nothing")])


def test_options_are_read(tmp_path):
    chosen = options.read(
        {"ONCE": "1", "QUOTA": "2026", "REPORT": str(tmp_path / "r.json")}, [str(tmp_path)]
    )
    assert chosen.once and chosen.quota == "v2" and chosen.mail == (Path(tmp_path).resolve(),)
    with pytest.raises(ToolingError, match="2026"):
        options.read({"QUOTA": "strict"}, [])


def test_a_form_is_filled_as_a_willing_person_would():
    form = _Form()
    form.feed(
        '<form action="/next"><input type="radio" name="who" value="a">'
        '<input type="radio" name="who" value="b" checked>'
        '<input type="checkbox" name="scope" value="s"><input type="email" name="other">'
        '<button name="decision" value="deny">No</button>'
        '<button name="decision" value="allow">Yes</button></form>'
    )
    assert form.action == "/next"
    assert form.fields == [("who", "b"), ("scope", "s"), ("other", ""), ("decision", "allow")]


def test_a_page_is_reduced_to_its_words():
    assert (
        _words("<head><title>x</title></head><body><h1>Error 400</h1> <p>why</p></body>")
        == "Error 400 why"
    )


def figures(**changes):
    base = {
        "provider_messages": 10,
        "stored": 8,
        "filtered": 1,
        "quarantined": 1,
        "duplicates": 0,
        "unexplained": 0,
    }
    return {**base, **changes}


def test_the_exit_code_tells_whether_everything_is_accounted_for_once():
    assert report.passed(figures())
    assert not report.passed(figures(stored=7))
    assert not report.passed(figures(duplicates=1))
    assert not report.passed(figures(unexplained=1))


def test_latency_is_given_in_milliseconds():
    assert report.latency([]) == {"p50": None, "p95": None}
    assert report.latency([0.5]) == {"p50": 500, "p95": 500}
    found = report.latency([number / 100 for number in range(1, 101)])
    assert found == {"p50": 505, "p95": 951}


def test_the_report_tells_what_became_of_mail():
    routed = {"leads": 1, "tickets": 2, "replies": 3, "held": 4, "approved": 1, "refused": 1}
    tried = {"match_count": 5, "looked_at": 40, "conflict_count": 2}
    told = report.text(
        figures(
            folders=1,
            attachments=0,
            import_seconds=1.0,
            rate_per_second=10.0,
            live_latency_ms={"p50": None, "p95": None},
            routed={**routed, "tried": tried},
        )
    )
    lines = {" ".join(line.split()) for line in told.splitlines()}
    assert {"leads opened by mail 1", "replies on their record 3", "held for a person 4"} <= lines
    assert {"rule tried on past mail 5 of 40", "in conflict 2"} <= lines


def test_the_mails_of_the_scene_are_what_a_mail_program_writes():
    first = scene_mails.mail("Ada <ada@shop.example>", "Offer", scene_mails.OFFER)
    reply = scene_mails.mail(
        "Ada <ada@shop.example>", "Re: Offer", scene_mails.REPLY, first["Message-ID"]
    )
    assert first["Message-ID"].endswith("@shop.example>") and "In-Reply-To" not in first
    assert reply["In-Reply-To"] == reply["References"] == first["Message-ID"]


def test_why_is_told_without_the_questions_that_led_to_nothing():
    page = (
        "<ul><li><i class='fa fa-minus text-muted'></i><span>Did we write it? <em>no</em></span>"
        "</li><li><i class='fa fa-check'></i><span>Rule “A” <em>matches</em> yes, it is &lt;b&gt;"
        "</span></li></ul>"
    )
    assert scene_words.why("A rule asks for it.", page) == [
        "A rule asks for it.",
        "Rule “A” matches yes, it is <b>",
    ]
    assert scene_words.why("", "") == ["No rule asks for it."]


def _signed(body, name, moment, secret=outside.SECRET):
    text = f"{name}.{moment}.".encode() + body
    digest = hmac.new(secret.encode(), text, hashlib.sha256).digest()
    return {
        "webhook-id": name,
        "webhook-timestamp": str(moment),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def test_the_receiver_of_the_demo_takes_genuine_and_recent_calls_only():
    body = b"{}"
    assert outside.is_signed(_signed(body, "1", 1000), body, 1010)
    assert not outside.is_signed(_signed(body, "1", 1000), b"{} ", 1010)
    assert not outside.is_signed(_signed(body, "1", 1000), body, 2000)
    assert not outside.is_signed(_signed(body, "1", 1000, "another secret"), body, 1010)
    assert not outside.is_signed({}, body, 1010)


def test_the_world_outside_keeps_what_comes(monkeypatch):
    monkeypatch.setattr(outside.time, "time", lambda: 1010.0)
    mail = EmailMessage()
    mail["To"], mail["Subject"] = "Ada@shop.example", "Thanks"
    mail.set_content("…")
    with outside.Outside() as world:
        with smtplib.SMTP("127.0.0.1", int(world.options["smtp_port"])) as smtp:
            smtp.send_message(mail, "demo@example.com")
        (taken,) = world.wait_for_mail("ada@shop.example", 1, 5)
        assert taken["Subject"] == "Thanks"
        body = b'{"data": {}}'
        for secret, status in ((outside.SECRET, 204), (outside.SECRET, 204), ("other", 401)):
            headers = _signed(body, "7", 1000, secret)
            answer = requests.post(world.url, data=body, headers=headers, timeout=5)
            assert answer.status_code == status
        assert world.wait_for_call(5) == [{"data": {}}], "the same call counts once"
        with pytest.raises(ToolingError, match="nobody@"):
            world.wait_for_mail("nobody@shop.example", 1, 0.2)


def test_the_rules_of_the_scene_show_every_kind_of_target():
    made = []

    class Odoo:
        def call(self, model, method, *arguments):
            if model == "mailbox.route":
                made.extend(arguments[0])
            return [len(made) + 1]

    people = scene_rules.Cast(sellers=(1, 2), channel=3, template=4, project=5)
    with outside.Outside() as world:
        scene_rules.make(Odoo(), people, world)
    assert {rule.get("target_model") for rule in made} == {
        "crm.lead",
        "helpdesk.ticket",
        "project.task",
        None,
    }
    kinds = {action[2]["kind"] for rule in made for action in rule["action_ids"]}
    assert kinds == {
        "tag", "assign", "activity", "channel", "notify", "webhook", "priority", "forward",
    }  # fmt: skip
    assert not scene_rules.trial()["active"]


class _Deaf:
    """An Odoo that hears nothing before a mail comes, and the provider of that mail."""

    def __init__(self):
        self.delivered = []

    def read(self, *_wanted):
        heard = "2026-01-01 00:00:00" if self.delivered else False
        state = {"push_state": "active", "push_text": "", "push_expires_at": ""}
        return {**state, "push_last_hint_at": heard}

    def control(self, _method, _call, **mail):
        self.delivered.append(mail)


def test_a_mail_calls_for_the_notification_that_came_too_early(monkeypatch):
    monkeypatch.setattr(push, "_NUDGE", 0.0)
    deaf = _Deaf()
    assert push._first(deaf, 1, deaf)["push_last_hint_at"]
    assert len(deaf.delivered) == 1
