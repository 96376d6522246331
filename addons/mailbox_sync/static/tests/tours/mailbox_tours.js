import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const tours = registry.category("web_tour.tours");

/** The document in the frame of the open message. */
function framePage() {
    return document.querySelector(".o_mailbox_frame").contentDocument;
}

function check(condition, words) {
    if (!condition) {
        throw new Error(words);
    }
}

const search = (words) => [
    { trigger: ".o_searchview_input", run: `edit ${words}` },
    { trigger: ".o_searchview_autocomplete .o-dropdown-item:contains(Words)", run: "click" },
];

tours.add("mailbox_manager", {
    steps: () => [
        { trigger: ".o_kanban_record:contains(Ada's mail) .o_field_badge:contains(Live)" },
        {
            content: "an administrator has no way to the mail",
            trigger: ".o_kanban_record:contains(Ada's mail):not(:has([name=action_open_messages]))",
        },
        { trigger: ".o-kanban-button-new", run: "click" },
        { trigger: ".o_field_widget[name=name] input", run: "edit Sales" },
        { trigger: ".o_field_widget[name=address] input", run: "edit Sales@Example.org" },
        {
            trigger: ".o_field_widget[name=provider] select, .o_field_widget[name=provider] input",
            async run({ anchor, click, select }) {
                if (anchor.tagName === "SELECT") {
                    await select(`"gmail"`);
                } else {
                    await click();
                }
            },
        },
        {
            trigger: ".o_select_menu_item:contains(Gmail), .o_field_widget[name=provider] select",
            async run({ anchor, click }) {
                if (anchor.tagName !== "SELECT") {
                    await click();
                }
            },
        },
        ...stepUtils.saveForm(),
        { trigger: ".o_form_statusbar button[name=action_connect]" },
        { trigger: ".alert-info:contains(Connect it to begin)" },
        { trigger: ".breadcrumb-item a:contains(Mailboxes)", run: "click" },
        { trigger: ".o_kanban_record:contains(Sales):contains(Not connected)" },
    ],
});

const openEvil = [
    { trigger: ".o_data_row.fw-bold .o_mailbox_line:contains(Evil)", run: "click" },
    { trigger: ".o_mailbox_address:contains(shop@example.com)" },
    {
        content: "the body is there, in a frame that cannot run anything",
        trigger: ".o_mailbox_frame",
        async run({ waitUntil }) {
            await waitUntil(() => framePage()?.body?.textContent.includes("Hello"), { timeout: 5000 });
            const sandbox = document.querySelector(".o_mailbox_frame").getAttribute("sandbox");
            check(!/allow-scripts|allow-forms|allow-top-navigation/.test(sandbox), "the frame is open");
        },
    },
];
const nothingRan = {
    content: "nothing of the mail ran",
    trigger: ".o_mailbox_frame",
    async run() {
        const link = framePage().querySelector("a");
        link?.click();
        await new Promise((resolve) => setTimeout(resolve, 500));
        check(!document.title.includes("HACKED"), "a script of the mail ran");
    },
};

tours.add("mailbox_reader", {
    steps: () => [
        ...openEvil,
        nothingRan,
        {
            content: "no image from elsewhere before the reader asks",
            trigger: ".o_mailbox_show_images",
            async run({ click }) {
                check(!framePage().querySelector("img[src^=http]"), "a remote image is loaded");
                await click();
            },
        },
        {
            trigger: ".o_mailbox_body:not(:has(.o_mailbox_show_images)) .o_mailbox_frame",
            async run({ waitUntil }) {
                await waitUntil(() => framePage()?.querySelector("img[src^='https://track.example']"), {
                    timeout: 5000,
                });
            },
        },
        { trigger: ".nav-link:contains(Headers explained)", run: "click" },
        { trigger: ".o_mailbox_headers:contains(no verdict)" },
        { trigger: ".o_form_statusbar button[name=action_mark_unread]" },
        { trigger: ".o_mailbox_star[aria-pressed=false]", run: "click" },
        { trigger: ".o_mailbox_star[aria-pressed=true]" },
        { trigger: ".breadcrumb-item a:contains(Messages), .o_back_button a", run: "click" },
        { trigger: ".o_data_row:not(.fw-bold):contains(Evil)" },
    ],
});

tours.add("mailbox_reader_unsanitised", {
    steps: () => [
        ...openEvil,
        {
            content: "the hostile parts really are in the frame",
            trigger: ".o_mailbox_frame",
            run() {
                check(framePage().querySelector("script"), "the sanitiser was not switched off");
            },
        },
        nothingRan,
    ],
});

tours.add("mailbox_search", {
    steps: () => [
        { trigger: ".o_data_row:contains(Evil)" },
        ...search("report figures"),
        { trigger: ".o_mailbox_message_list:not(:has(.o_data_row:contains(Evil)))" },
        {
            trigger: ".o_data_row:contains(Weekly report)",
            run() {
                check(document.querySelectorAll(".o_data_row").length === 3, "not the three reports");
            },
        },
        { trigger: ".o_facet_remove", run: "click" },
        { trigger: ".o_data_row:contains(Evil)" },
        ...search("zzzunknown"),
        { trigger: ".o_view_nocontent:contains(No mail here)" },
    ],
});

tours.add("mailbox_quarantine", {
    steps: () => [
        { trigger: ".o_data_row button[name=action_retry]", run: "click" },
        { trigger: ".o_view_nocontent:contains(Nothing is in quarantine)" },
    ],
});
