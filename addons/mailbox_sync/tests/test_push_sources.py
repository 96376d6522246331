"""S22: forgeries cost few signature checks, and the provider is never locked out."""

from unittest.mock import patch

from odoo.tests import BaseCase, HttpCase, tagged
from odoo.tools import config

from mailbox_core.net import jwt

from .. import push_desk
from ..push_sources import BURST, REMEMBERED, SECONDS, TRUST, Sources
from .push_common import PushMixin

GOOGLE, STRANGER = "66.102.8.1", "45.76.10.20"


class TestSources(BaseCase):
    def setUp(self):
        super().setUp()
        self.now = 1000.0
        self.sources = Sources(lambda: self.now)

    def tries(self, address, count=100):
        """How many of so many forgeries are checked."""
        checked = 0
        for _ in range(count):
            if self.sources.may_try(address):
                checked += 1
                self.sources.failed(address)
        return checked

    def test_a_source_has_a_burst_and_then_a_trickle(self):
        self.assertEqual(self.tries(STRANGER), BURST)
        self.assertTrue(self.sources.may_try("45.76.10.21"))
        self.now += 2 * SECONDS
        self.assertEqual(self.tries(STRANGER), 2)
        self.now += 1000 * SECONDS
        self.assertEqual(self.tries(STRANGER), BURST)

    def test_who_has_proved_a_token_is_trusted_for_a_day(self):
        self.tries(GOOGLE)
        self.sources.proved(GOOGLE)
        self.assertEqual(self.tries(GOOGLE), 100)
        self.now += TRUST
        self.assertLess(self.tries(GOOGLE), 100)

    def test_ipv6_counts_by_network_and_proxies_not_at_all(self):
        self.assertEqual(self.tries("2a01:4f8:1:2::1"), BURST)
        self.assertEqual(self.tries("2a01:4f8:1:2:ffff::9"), 0)
        self.assertEqual(self.tries("2a01:4f8:1:3::1"), BURST)
        self.assertEqual(self.tries("::ffff:45.76.10.20"), BURST)
        self.assertEqual(self.tries(STRANGER), 0)
        for address in ("127.0.0.1", "::1", "10.1.2.3", "192.168.0.9", "fd00::1", "", None, "x"):
            self.assertEqual(self.tries(address), 100, address)

    def test_memory_is_bounded_and_forgets_the_oldest(self):
        self.sources.proved(GOOGLE)
        for number in range(REMEMBERED + 10):
            address = f"45.{number >> 16}.{number >> 8 & 255}.{number & 255}"
            self.sources.failed(address)
        self.assertEqual(len(self.sources._failures), REMEMBERED)
        self.assertEqual(self.tries(GOOGLE), 100, "strangers do not make us forget the provider")


@tagged("-at_install", "post_install")
class TestLimitedWebhook(PushMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_up_push()
        cls.mailbox._subscription().state = "active"
        cls.env.flush_all()

    def setUp(self):
        super().setUp()
        push_desk.key_set.cache_clear()
        self.startPatcher(patch.object(push_desk, "sources", Sources()))
        # As behind a reverse proxy that tells who calls.
        self.startPatcher(patch.dict(config.options, {"proxy_mode": True}))
        decode = jwt.jwt.decode
        self.checks = 0

        def counted(*args, **kwargs):
            self.checks += 1
            return decode(*args, **kwargs)

        self.startPatcher(patch.object(jwt.jwt, "decode", counted))

    def push(self, source, token):
        headers = {"X-Forwarded-For": source, "X-Forwarded-Host": "odoo.example", **token}
        body = '{"emailAddress": "ada@example.org", "historyId": 7}'
        headers["Content-Type"] = "application/json"
        return self.url_open("/mailbox/push/gmail", data=body, headers=headers).status_code

    def test_s22_forgeries_from_one_source_cost_few_signature_checks(self):
        forged = self.token("bad_signature")
        answers = [self.push(STRANGER, forged) for _ in range(BURST + 15)]
        self.assertEqual(set(answers[:BURST]), {403})
        self.assertEqual(answers[-1], 429)
        self.assertLess(self.checks, BURST + 10)
        checks, genuine = self.checks, self.token()
        self.assertEqual(self.push(GOOGLE, genuine), 202, "others are not held up")
        self.assertEqual(self.checks, checks + 1)
        self.assertEqual(self.push(STRANGER, genuine), 202, "what is proved already")
        self.assertEqual(self.checks, checks + 1)

    def test_s22_the_provider_is_not_locked_out_by_forgeries_from_its_own_address(self):
        self.assertEqual(self.push(GOOGLE, self.token()), 202)
        forged = self.token("bad_signature")
        self.assertEqual({self.push(GOOGLE, forged) for _ in range(BURST + 5)}, {403})
        # What was proved is forgotten, as when the keys rotate: a token that nobody has seen.
        push_desk.key_set.cache_clear()
        self.assertEqual(self.push(GOOGLE, self.token()), 202)
