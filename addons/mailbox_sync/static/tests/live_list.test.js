import { defineMailModels, start, startServer } from "@mail/../tests/mail_test_helpers";
import { describe, expect, test } from "@odoo/hoot";
import { advanceTime, animationFrame } from "@odoo/hoot-mock";
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

import { LONGEST } from "@mailbox_sync/live/live_hook";

describe.current.tags("desktop");

class MailboxMessage extends models.Model {
    _name = "mailbox.message";

    subject = fields.Char();

    _records = [
        { id: 1, subject: "First" },
        { id: 2, subject: "Second" },
    ];
    _views = {
        list: `<list js_class="mailbox_message_list"><field name="subject"/></list>`,
    };
}

defineMailModels();
defineModels([MailboxMessage]);

/** Open the list; what comes back tells it what the engine sends after a page. */
async function openList() {
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
    await mountView({ type: "list", resModel: "mailbox.message" });
    expect(listeners.size).toBe(1);
    return () => listeners.forEach((callback) => callback({ mailbox_id: 7, messages: [], more: true }));
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
