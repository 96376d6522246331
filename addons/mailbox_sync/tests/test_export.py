"""S25: what strangers wrote is text in an export, never a formula."""

import csv
import io
import json
import zipfile

from odoo import http
from odoo.tests import HttpCase, tagged

from .common import MailboxCase

FORMULAS = (
    '=HYPERLINK("http://x.example","Open")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "{=1+1}",
    "external:c:/secrets.xlsx",
)


@tagged("post_install", "-at_install")
class TestExport(MailboxCase, HttpCase):
    def setUp(self):
        super().setUp()
        mailbox, world = self.make_mailbox()
        for subject in FORMULAS:
            world.deliver(subject)
        self.start(mailbox)
        self.owner.group_ids += self.env.ref("base.group_allow_export")
        self.owner.password = self.owner.login
        self.authenticate(self.owner.login, self.owner.login)

    def exported(self, kind):
        data = {
            "model": "mailbox.message",
            "fields": [
                {"name": name, "label": name, "type": "char"}
                for name in ("subject", "conversation_id/subject")
            ],
            "ids": False,
            "domain": [],
            "import_compat": False,
        }
        form = {"data": json.dumps(data), "csrf_token": http.Request.csrf_token(self)}
        answer = self.url_open(f"/web/export/{kind}", data=form)
        answer.raise_for_status()
        return answer.content

    def test_a_subject_is_no_formula_in_an_export(self):
        rows = list(csv.reader(io.StringIO(self.exported("csv").decode())))[1:]
        self.assertEqual(
            sorted(rows), sorted([[f"'{subject}", f"'{subject}"] for subject in FORMULAS])
        )

    def test_nor_in_a_workbook(self):
        with zipfile.ZipFile(io.BytesIO(self.exported("xlsx"))) as book:
            sheet = book.read("xl/worksheets/sheet1.xml").decode()
            texts = book.read("xl/sharedStrings.xml").decode()
        self.assertNotIn("<f>", sheet)
        self.assertNotIn("hyperlink", sheet.lower())
        self.assertIn("HYPERLINK", texts, "it is there as text")
