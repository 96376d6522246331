"""From the assistant to a mail that two people see arrive and vanish, in two real browsers."""

import os
import subprocess
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path

import pytest
from harness import gcloud
from harness.provider import CLIENT_ID, CLIENT_SECRET, Provider
from harness.server import connected, until
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from mailbox_sandbox.account import Account
from mailbox_sandbox.message import Message
from mailbox_tools import databases, odoo_config
from mailbox_tools.demo.client import OdooClient
from mailbox_tools.odoo_server import OdooServer
from mailbox_tools.postgres import Server

DATABASE = "test_e2e_push"
PROJECT = "demo-project"
READER = "grace@example.org"


@pytest.fixture
def odoo(server: Server, provider: Provider) -> Iterator[OdooServer]:
    """A running Odoo with workers, whose provider is the sandbox."""
    databases.create_database(server, DATABASE, ["mailbox_sync"])
    settings = {"google_base_url": provider.sandbox.url, "guard_load": "0", "guard_memory": "0"}
    made = OdooServer.prepare(server, DATABASE, workers=3, mailbox=settings)
    front = odoo_config.free_ports(1)[0]
    callback = f"http://127.0.0.1:{front}/mail/oauth2callback"
    provider.sandbox.world.add_client(CLIENT_ID, CLIENT_SECRET, [callback], PROJECT)
    made.start(front_port=front)
    yield made
    made.stop()
    databases.drop_database(server, DATABASE)


@pytest.fixture
def browser() -> Iterator[Browser]:
    """A Chromium without a window."""
    with sync_playwright() as tools:
        started = tools.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield started
        started.close()


def signed_in(browser: Browser, odoo: OdooServer, login: str) -> Page:
    """A browser of its own for one person."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, locale="en-US")
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.goto(f"{odoo.url}/web/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", login)
    page.click("button[type=submit]")
    page.wait_for_selector(".o_main_navbar")
    return page


def reader(client: OdooClient, mailbox: int) -> None:
    """A second person who reads the mailbox."""
    group = client.call("ir.model.data", "check_object_reference", "base", "group_user")[1]
    values = {"name": "Grace", "login": READER, "password": READER, "group_ids": [(6, 0, [group])]}
    user = client.call("res.users", "create", [values])[0]
    line = {"mailbox_id": mailbox, "user_id": user, "role": "reader"}
    client.call("mailbox.member", "create", [line])


def walk_the_assistant(page: Page, provider: Provider, folder: Path) -> None:
    """Every step, the script run for real under a gcloud for the sandbox."""
    form = page.locator(".o_mailbox_push_setup")
    page.get_by_role("tab", name="Push", exact=True).click()
    page.get_by_role("button", name="Set up push").click()
    form.locator("[name=project_id] input").fill(PROJECT)
    page.get_by_role("button", name="Continue").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    script = folder / download.value.suggested_filename
    download.value.save_as(script)
    assert script.read_text() == form.locator(".o_mailbox_script pre").inner_text()
    bin_folder = gcloud.install(folder / "bin")
    environment = {
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
        "CLOUD_URL": provider.sandbox.url,
        "CLOUD_NUMBER": "4711",
    }
    for _ in range(2):
        done = subprocess.run(
            ["bash", str(script)], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    page.get_by_role("button", name="Continue").click()
    for key in ("webhook", "clock", "runner"):
        line = form.locator(f"[name=preflight] li[data-key={key}]")
        expect(line).to_have_class("d-flex gap-3 py-2 o_mailbox_line_ok")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Align audience and signer").first.click()
    expect(form.locator("[name=changed]")).to_contain_text("Audience changed")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Register", exact=True).click()
    expect(form.locator("h2:visible")).to_have_text("Realtime test")


def deliver(account: Account, subject: str) -> Message:
    """A mail from outside arrives."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Visitor <v@example.net>", account.email, subject
    mail["Message-ID"] = make_msgid(domain="example.net")
    mail.set_content("It arrived while you were watching.")
    return account.deliver(mail.as_bytes(), ["INBOX", "UNREAD"])


def watch_list(page: Page, odoo: OdooServer) -> None:
    """Open the message list and mark the page, so that a reload would be noticed."""
    page.goto(f"{odoo.url}/odoo/mailbox-messages")
    page.wait_for_selector(".o_mailbox_message_list .o_data_row")
    page.evaluate("window.planted = true")


def comes_and_goes(account: Account, lists: list[Page], unread: Locator) -> None:
    """A mail is delivered and moved to the bin at the provider; every screen follows."""
    before = int(unread.inner_text())
    letter = deliver(account, "Live in two browsers")
    for page in lists:
        row = page.locator(".o_data_row", has_text="Live in two browsers")
        expect(row).to_have_count(1, timeout=15_000)
        expect(row).to_have_class("o_data_row fw-bold")
    expect(unread).to_have_text(str(before + 1), timeout=15_000)
    account.trash(letter.id)
    for page in lists:
        row = page.locator(".o_data_row", has_text="Live in two browsers")
        expect(row).to_have_count(0, timeout=15_000)
    expect(unread).to_have_text(str(before), timeout=15_000)


@pytest.mark.timeout(400)
def test_from_the_assistant_to_mail_that_comes_and_goes_live_in_two_browsers(
    odoo: OdooServer, provider: Provider, browser: Browser, tmp_path: Path
) -> None:
    account = provider.account("shop@example.com")
    provider.fill(account, 12)
    client, mailbox = connected(odoo, provider, DATABASE)
    until(90, lambda: client.read("mailbox", mailbox, ["state"])["state"] == "live", "the import")
    reader(client, mailbox)

    boss = signed_in(browser, odoo, "admin")
    boss.goto(f"{odoo.url}/odoo/mailboxes/{mailbox}")
    walk_the_assistant(boss, provider, tmp_path)
    deliver(account, "Test of the way")
    steps = boss.locator("[name=timeline] li.o_mailbox_line_observed")
    expect(steps).to_have_count(6, timeout=30_000)
    expect(boss.locator(".alert-success:visible")).to_contain_text("push works")
    boss.get_by_role("button", name="Finish").click()
    boss.get_by_role("tab", name="Push", exact=True).click()
    expect(boss.locator(".o_field_widget[name=push_state]").last).to_contain_text("Active")

    grace, counter = signed_in(browser, odoo, READER), signed_in(browser, odoo, READER)
    counter.goto(f"{odoo.url}/odoo/mailboxes")
    figures = counter.locator(".o_kanban_record .o_mailbox_card_figures > div")
    unread = figures.filter(has_text="unread").locator(".fs-4")
    expect(unread).to_have_count(1)
    counter.evaluate("window.planted = true")
    for page in (boss, grace):
        watch_list(page, odoo)
    comes_and_goes(account, [boss, grace], unread)
    assert all(page.evaluate("window.planted") for page in (boss, grace, counter)), "reloaded"
