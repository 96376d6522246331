import { defineMailModels, start, startServer } from "@mail/../tests/mail_test_helpers";
import { describe, expect, queryFirst, test } from "@odoo/hoot";
import { advanceTime, animationFrame, Deferred } from "@odoo/hoot-mock";
import {
    contains,
    defineModels,
    fields,
    getService,
    MockServer,
    models,
    mountView,
    onRpc,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";

import { onRendered } from "@odoo/owl";
import { StarField } from "@mailbox_sync/fields/star_field";
import { HISTORY_REST, LONGEST, REST, SOON } from "@mailbox_sync/live/live_hook";

describe.current.tags("desktop");

class MailboxMessage extends models.Model {
    _name = "mailbox.message";

    subject = fields.Char();
    is_flagged = fields.Boolean();
    may_change = fields.Boolean();

    action_set_flagged(ids, flag) {
        return this.write(ids, { is_flagged: flag });
    }

    _records = [
        { id: 1, subject: "First", may_change: true },
        { id: 2, subject: "Second", may_change: true },
    ];
    _views = {
        form: `<form js_class="mailbox_live_form"><field name="subject"/></form>`,
        list: `<list js_class="mailbox_message_list">
            <field name="is_flagged" widget="mailbox_star"/><field name="subject"/></list>`,
    };
}

defineMailModels();
defineModels([MailboxMessage]);

const PAGE = { mailbox_id: 7, messages: [{ id: 1 }], more: true };
const HISTORY = { mailbox_id: 7, messages: [], more: true };

/** Catch who listens to the engine's notifications. */
async function catchListeners() {
    await startServer();
    await start();
    const listeners = new Set();
    patchWithCleanup(getService("bus_service"), {
        subscribe(type, callback) {
            if (type === "mailbox.page") {
                listeners.add(callback);
            } else {
                super.subscribe(type, callback);
            }
        },
        unsubscribe(type, callback) {
            if (!listeners.delete(callback)) {
                super.unsubscribe(type, callback);
            }
        },
    });
    return listeners;
}

/** Open the list; what comes back tells it what the engine sends after a page. */
async function openList() {
    const listeners = await catchListeners();
    await mountView({ type: "list", resModel: "mailbox.message" });
    expect(listeners.size).toBe(1);
    return (payload = PAGE) => listeners.forEach((callback) => callback(payload));
}

async function settle() {
    await advanceTime(LONGEST);
    await animationFrame();
}

test("new, changed and deleted messages show without a reload, and the selection stays", async () => {
    const tell = await openList();
    expect(".o_data_row").toHaveCount(2);
    await contains(".o_data_row:eq(1) .o_list_record_selector input").click();
    expect(".o_data_row_selected").toHaveCount(1);

    MockServer.env["mailbox.message"].create({ subject: "Third" });
    MockServer.env["mailbox.message"].write([1], { subject: "First, changed" });
    tell();
    await settle();
    expect(".o_data_row").toHaveCount(3);
    expect(".o_data_row:eq(0)").toHaveText("First, changed");
    expect(".o_data_row_selected").toHaveCount(1);
    expect(".o_data_row_selected").toHaveText("Second");

    MockServer.env["mailbox.message"].unlink([1]);
    tell();
    await settle();
    expect(".o_data_row").toHaveCount(2);
    expect(".o_data_row_selected").toHaveText("Second");
});

test("what has not changed is neither painted anew nor loses the focus", async () => {
    let painted = 0;
    patchWithCleanup(StarField.prototype, {
        setup() {
            super.setup();
            onRendered(() => painted++);
        },
    });
    const tell = await openList();
    expect(painted).toBe(2);
    const row = queryFirst(".o_data_row:contains(First)");
    const box = row.querySelector(".o_list_record_selector input");
    box.focus();

    MockServer.env["mailbox.message"].create({ subject: "Third" });
    tell();
    await settle();
    expect(".o_data_row").toHaveCount(3);
    expect(painted).toBe(3);
    expect(queryFirst(".o_data_row:contains(First)")).toBe(row);
    expect(document.activeElement).toBe(box);

    MockServer.env["mailbox.message"].write([2], { is_flagged: true });
    tell();
    await settle();
    expect(painted).toBe(4);
});

test("a row that was changed here follows the server when that takes it back", async () => {
    const tell = await openList();
    const star = ".o_data_row:contains(First) .o_mailbox_star";
    await contains(star).click();
    expect(`${star} .fa-star`).toHaveCount(1);

    MockServer.env["mailbox.message"].write([1], { is_flagged: false });
    tell();
    await settle();
    expect(`${star} .fa-star-o`).toHaveCount(1);
});

test("mail that keeps coming is shown at once, and then no faster than the rest allows", async () => {
    onRpc("mailbox.message", "web_search_read", () => expect.step("read"));
    const tell = await openList();
    expect.verifySteps(["read"]);
    tell();
    await advanceTime(SOON);
    expect.verifySteps(["read"]);
    let reads = 0;
    onRpc("mailbox.message", "web_search_read", () => void reads++);
    const began = Date.now();
    while (Date.now() - began < 10 * REST) {
        tell();
        await advanceTime(10);
    }
    expect(reads).toBeWithin(2, 1 + (Date.now() - began) / REST);
    expect.verifySteps(Array(reads).fill("read"));
});

test("a burst of changes is one reload", async () => {
    let reads = 0;
    onRpc("mailbox.message", "web_search_read", () => {
        reads++;
    });
    const tell = await openList();
    expect(reads).toBe(1);
    for (let number = 0; number < 50; number++) {
        tell();
    }
    await settle();
    expect(reads).toBe(2);
});

test("new mail does not wait for the rest that pages of history keep", async () => {
    onRpc("mailbox.message", "web_search_read", () => expect.step("read"));
    const tell = await openList();
    tell(HISTORY);
    await advanceTime(SOON);
    expect.verifySteps(["read", "read"]);
    tell(HISTORY);
    await advanceTime(REST);
    expect.verifySteps([]);
    tell();
    await advanceTime(SOON);
    expect.verifySteps(["read"]);
    tell(HISTORY);
    await advanceTime(HISTORY_REST / 2);
    expect.verifySteps([]);
    await advanceTime(HISTORY_REST / 2);
    expect.verifySteps(["read"]);
});

test("mail that arrives while a message still opens is shown once it is open", async () => {
    const listeners = await catchListeners();
    const loading = new Deferred();
    onRpc("mailbox.message", "web_read", () => loading);
    onRpc("mailbox.message", "web_read", () => expect.step("read"));
    const mounting = mountView({ type: "form", resModel: "mailbox.message", resId: 1 });
    while (!listeners.size) {
        await animationFrame();
    }
    listeners.forEach((callback) => callback(PAGE));
    await settle();
    expect.verifySteps(["read"]);

    loading.resolve();
    await mounting;
    MockServer.env["mailbox.message"].write([1], { subject: "First, changed" });
    await settle();
    expect.verifySteps(["read"]);
    expect("[name=subject] input").toHaveValue("First, changed");
});
