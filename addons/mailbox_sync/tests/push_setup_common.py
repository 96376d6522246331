"""The assistant before a manager, with this server's own answers under the test's control."""

from types import SimpleNamespace
from unittest.mock import patch

from .. import push_preflight
from .push_common import PushCase

ENDPOINT = "https://odoo.example.com/mailbox/push/gmail"


class SetupCase(PushCase):
    endpoint = ENDPOINT

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.config_parameter"].set_param("web.base.url", "https://odoo.example.com")

    def setUp(self):
        super().setUp()
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
