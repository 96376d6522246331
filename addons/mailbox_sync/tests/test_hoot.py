"""The screens' JavaScript, without a server."""

from odoo.addons.web.tests.test_js import HOOTCommon, unit_test_error_checker
from odoo.tests.common import HttpCase, no_retry, tagged


@tagged("-at_install", "post_install", "mailbox_tour")
class TestMailboxHoot(HttpCase):
    @no_retry
    def test_suites_of_the_screens(self):
        chosen = f"id={HOOTCommon._generate_hash(self, '@mailbox_sync')}"
        self.browser_js(
            f"/web/tests?headless&loglevel=2&preset=desktop&timeout=15000&{chosen}",
            "",
            "",
            login="admin",
            timeout=120,
            success_signal="[HOOT] Test suite succeeded",
            error_checker=unit_test_error_checker,
        )
