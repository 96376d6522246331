import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const tours = registry.category("web_tour.tours");
const preview = (words) => ({ trigger: `.o_mailbox_preview_text:contains(${words})` });
const cell = (row, name) =>
    `.o_mailbox_conditions .o_data_row:nth-child(${row}) [name=${name}]`;

/** Open a menu of the editor and choose. */
const choose = (name, words) => [
    { trigger: `.o_mailbox_conditions .o_selected_row [name=${name}] .o_select_menu_toggler`, run: "click" },
    { trigger: `.o_select_menu_item:contains(${words})`, run: "click" },
];

tours.add("mailbox_rule_editor", {
    steps: () => [
        { trigger: ".o_list_button_add", run: "click" },
        { trigger: ".o_field_widget[name=name] input", run: "edit Offers" },
        {
            trigger: ".o_field_widget[name=target_model] .o_select_menu_toggler",
            run: "click",
        },
        { trigger: ".o_select_menu_item:contains(Contact)", run: "click" },
        { content: "everything matches while nothing is asked", ...preview("4 of the 4") },
        { trigger: ".o_mailbox_conditions .o_field_x2many_list_row_add button, .o_mailbox_conditions .o_field_x2many_list_row_add a", run: "click" },
        { trigger: `${cell(1, "value")} input`, run: "edit offer && click body" },
        { content: "the preview follows what is written", ...preview("2 of the 4") },
        { trigger: ".o_field_widget[name=preview_ids] .o_data_row:contains(Offer for doors)" },
        { trigger: ".o_mailbox_conditions .o_field_x2many_list_row_add button, .o_mailbox_conditions .o_field_x2many_list_row_add a", run: "click" },
        ...choose("field", "kind of machine mail"),
        {
            content: "a question with a few answers offers them",
            trigger: ".o_mailbox_conditions .o_selected_row [name=value] .o_select_menu_toggler",
            run: "click",
        },
        { trigger: ".o_select_menu_item:contains(mailing list)", run: "click" },
        { trigger: ".o_mailbox_conditions .o_selected_row [name=negate] input", run: "check" },
        preview("1 of the 4"),
        { trigger: ".o_field_widget[name=condition_words]:contains(not (kind of machine mail is “mailing list”))" },
        ...stepUtils.saveForm(),
    ],
});

tours.add("mailbox_backtest", {
    steps: () => [
        { trigger: ".o_data_row:contains(Offers) td[name=name]", run: "click" },
        { trigger: "button[name=action_backtest]", run: "click" },
        { trigger: ".modal-title:contains(Try on past mail)" },
        { trigger: ".modal [name=looked_at]:contains(4)" },
        { trigger: ".modal [name=match_count]:contains(2)" },
        { trigger: ".modal [name=record_count]:contains(1)" },
        { trigger: ".modal .o_data_row:contains(Offer for doors):contains(Would open a record)" },
        { trigger: ".modal .o_data_row:contains(Weekly offer):contains(No business of rules)" },
        { trigger: ".modal .o_form_button_cancel, .modal button:contains(Close)", run: "click" },
        { trigger: "body:not(:has(.modal))" },
    ],
});

tours.add("mailbox_waiting", {
    steps: () => [
        { trigger: ".o_kanban_group:contains(Waits for approval) .o_kanban_record:contains(Order of chairs)", run: "click" },
        { trigger: ".o_mailbox_why li:contains(Rule “Orders”):contains(matches)" },
        { trigger: ".o_field_widget[name=title] input", run: "edit Chairs for the hotel" },
        { trigger: "button[name=action_approve]", run: "click" },
        { trigger: ".o_field_widget[name=outcome]:contains(Opened a record)" },
        { trigger: ".o_field_widget[name=link_ids] .o_data_row:contains(Chairs for the hotel)" },
        { content: "what was done by hand becomes a rule", trigger: "button[name=action_teach]", run: "click" },
        { trigger: ".o_field_widget[name=condition_words]:contains(hotel.test)" },
        preview("1 of the"),
        ...stepUtils.saveForm(),
    ],
});

tours.add("mailbox_why_here", {
    steps: () => [
        { trigger: ".o_data_row:contains(Order of chairs) td[name=subject]", run: "click" },
        { trigger: ".nav-link:contains(Why here)", run: "click" },
        { trigger: ".o_mailbox_why_page .o_field_badge:contains(Waits for approval)" },
        { trigger: ".o_mailbox_why li:contains(Did we write it?):contains(no)" },
        { trigger: ".o_mailbox_why li:contains(Rule “Offers”):contains(does not match):contains(but found “Order of chairs”)" },
        { trigger: ".o_mailbox_why li:contains(Rule “Orders”):contains(matches)" },
        { trigger: ".o_mailbox_why li:contains(Otherwise the rule “Everything” would have acted)" },
        { trigger: "button[name=action_why_here]", run: "click" },
        { trigger: ".modal [name=outcome]:contains(Waits for approval)" },
    ],
});

/** Add a further action in its dialog. */
const addAction = (kind, steps) => [
    { trigger: ".o_field_widget[name=action_ids] .o_field_x2many_list_row_add button, .o_field_widget[name=action_ids] .o_field_x2many_list_row_add a", run: "click" },
    { trigger: ".modal .o_field_widget[name=kind] .o_select_menu_toggler", run: "click" },
    { trigger: `.o_select_menu_item:contains(${kind})`, run: "click" },
    ...steps,
    { trigger: ".modal .o_form_button_save", run: "click" },
    { trigger: "body:not(:has(.modal))" },
];

tours.add("mailbox_rule_actions", {
    steps: () => [
        { trigger: ".o_data_row:contains(Offers) td[name=name]", run: "click" },
        ...addAction("Tag", [
            { trigger: ".modal .o_field_widget[name=value] input", run: "edit Shop, Reseller && press Tab" },
        ]),
        ...addAction("Schedule an activity", [
            { trigger: ".modal .o_field_widget[name=value]:visible input", run: "edit Call back && press Tab" },
            { trigger: ".modal .o_field_widget[name=days] input", run: "edit 2 && press Tab" },
        ]),
        { trigger: ".o_field_widget[name=action_ids] .o_data_row:contains(tag: Shop, Reseller)" },
        { trigger: ".o_field_widget[name=action_ids] .o_data_row:contains(Call back)" },
        { trigger: ".o_field_widget[name=action_ids] .o_data_row:contains(in 2 days)" },
        { trigger: ".o_field_widget[name=action_words]:contains(schedule: Call back, in 2 days)" },
        { content: "join two conditions", trigger: `${cell(2, "value")}`, run: "click" },
        { trigger: `${cell(2, "joined")} button:contains(and)`, run: "click" },
        { trigger: `${cell(2, "joined")} button:contains(or)` },
        { trigger: ".o_field_widget[name=condition_words]:contains(or)" },
        ...stepUtils.saveForm(),
    ],
});

tours.add("mailbox_rule_order", {
    steps: () => [
        { trigger: ".o_data_row:eq(2):contains(Third) .o_row_handle", run: "drag_and_drop .o_data_row:eq(0)" },
        { trigger: ".o_data_row:eq(0):contains(Third)" },
        { trigger: ".o_data_row:eq(2):contains(Second)" },
    ],
});

const addValue = ".o_mailbox_values .o_field_x2many_list_row_add button, .o_mailbox_values .o_field_x2many_list_row_add a";

/** Choose a field of the new record in a new line. */
const chooseField = (label) => [
    { trigger: addValue, run: "click" },
    { trigger: ".o_mailbox_values .o_selected_row [name=field] .o_select_menu_toggler", run: "click" },
    { trigger: `.o_select_menu_item:contains(${label})`, run: "click" },
];
const chosenRow = ".o_mailbox_values .o_selected_row [name=value]";

tours.add("mailbox_rule_values", {
    steps: () => [
        { trigger: ".o_data_row:contains(Offers) td[name=name]", run: "click" },
        { content: "a text with what the mail has", ...chooseField("Job Position")[0] },
        ...chooseField("Job Position").slice(1),
        { trigger: `${chosenRow} input`, run: "edit Asks: && press Tab" },
        { trigger: `${chosenRow} .o_mailbox_from_mail`, run: "click" },
        { trigger: ".o-dropdown-item:contains(subject)", run: "click" },
        { trigger: ".o_field_widget[name=action_words]:contains(Asks: ‹subject›)" },
        { content: "a record, by its name", ...chooseField("Country")[0] },
        ...chooseField("Country").slice(1),
        { trigger: `${chosenRow} .o_record_selector input`, run: "edit Belgium" },
        { trigger: ".o-autocomplete--dropdown-item:contains(Belgium)", run: "click" },
        { trigger: ".o_field_widget[name=action_words]:contains(Country: Belgium)" },
        { content: "several records", ...chooseField("Tags")[0] },
        ...chooseField("Tags").slice(1),
        { trigger: `${chosenRow} .o-autocomplete input`, run: "click" },
        { trigger: ".o-autocomplete--dropdown-item:contains(Fair)", run: "click" },
        { trigger: `${chosenRow} .o_tag:contains(Fair)` },
        { trigger: ".o_field_widget[name=action_words]:contains(Job Position: Asks: ‹subject›):contains(Country: Belgium)" },
        ...stepUtils.saveForm(),
        { content: "the preview shows the record", trigger: ".o_mailbox_preview_record:contains(Job Position: Asks:):contains(Tags: Fair)" },
        { trigger: "button[name=action_backtest]", run: "click" },
        { trigger: ".modal .o_data_row:contains(Offer for doors) [name=filled]:contains(Country: Belgium)" },
        { trigger: ".modal button:contains(Close)", run: "click" },
        { trigger: "body:not(:has(.modal))" },
    ],
});

tours.add("mailbox_withdrawal", {
    steps: () => [
        { trigger: ".o-mail-Message:contains(Secret plans)", run: "hover && click .o-mail-Message:contains(Secret plans) [title='Expand']" },
        { trigger: ".o-dropdown-item:contains(Why here?)", run: "click" },
        { trigger: ".modal .o_mailbox_why_dialog:contains(It was logged here)" },
        { trigger: ".modal button:contains(Open the mail)", run: "click" },
        { trigger: ".nav-link:contains(Why here)", run: "click" },
        { trigger: ".o_field_widget[name=log_ids] .o_data_row:contains(Bob)" },
        { trigger: "button[name=action_withdraw]", run: "click" },
        { content: "asked before it is done", trigger: ".modal .modal-footer .btn-primary", run: "click" },
        { trigger: ".o_field_widget[name=log_ids] [name=withdrawn] input:checked" },
        { trigger: "button[name=action_log_again]" },
    ],
});
