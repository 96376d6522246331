import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { MultiRecordSelector } from "@web/core/record_selectors/multi_record_selector";
import { RecordSelector } from "@web/core/record_selectors/record_selector";
import { SelectMenu } from "@web/core/select_menu/select_menu";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** What the server says about the fields of the new record (mailbox_route_value.py). */
function known(record) {
    return record.model.root.data.value_fields || { fields: [], inserts: {} };
}

function find(record, name = record.data.field) {
    return known(record).fields.find((field) => field.name === name);
}

/** Which field of the new record: by its label, each once. */
export class RecordFieldField extends Component {
    static template = "mailbox_sync.RecordFieldField";
    static components = { SelectMenu };
    static props = { ...standardFieldProps };

    get value() {
        return this.props.record.data[this.props.name] || "";
    }
    get label() {
        return find(this.props.record)?.label || this.value;
    }
    get choices() {
        const lines = this.props.record.model.root.data.value_ids?.records || [];
        const others = lines.filter((line) => line.id !== this.props.record.id);
        const used = new Set(others.map((line) => line.data.field));
        return known(this.props.record)
            .fields.filter((field) => !used.has(field.name))
            .map((field) => ({ value: field.name, label: field.label }));
    }
    onChoose(value) {
        const kind = find(this.props.record, value)?.kind;
        this.props.record.update({ [this.props.name]: value, value: kind === "yes" ? "1" : "" });
    }
}

/** What goes into the field: the widget that fits its kind, and what the mail offers for it. */
export class RecordValueField extends Component {
    static template = "mailbox_sync.RecordValueField";
    static components = { Dropdown, DropdownItem, MultiRecordSelector, RecordSelector, SelectMenu };
    static props = { ...standardFieldProps };

    get value() {
        return this.props.record.data[this.props.name] || "";
    }
    get field() {
        return find(this.props.record);
    }
    get kind() {
        return this.field?.kind || "";
    }
    get words() {
        return this.props.record.data.value_words || this.value;
    }
    get choices() {
        const yesNo = [["1", _t("yes")], ["0", _t("no")]];
        const pairs = this.kind === "yes" ? yesNo : this.field.choices;
        return pairs.map(([value, label]) => ({ value, label }));
    }
    get choiceLabel() {
        return this.choices.find((choice) => choice.value === this.value)?.label || "";
    }
    get step() {
        return this.kind === "number" ? "any" : "1";
    }
    get inserts() {
        const all = known(this.props.record).inserts;
        if (this.kind === "text") {
            return all[""] || [];
        }
        return this.kind === "record" ? all[this.field.comodel] || [] : [];
    }
    /** The words for a person who depends on the mail, when such a one is chosen. */
    get person() {
        return this.inserts.find(([name]) => this.kind === "record" && this.value === `{${name}}`)?.[1];
    }
    get resId() {
        return /^\d+$/.test(this.value) ? Number(this.value) : false;
    }
    get resIds() {
        return this.value.split(",").filter((one) => /^\d+$/.test(one)).map(Number);
    }
    set(value) {
        return this.props.record.update({ [this.props.name]: value });
    }
    onType(ev) {
        this.set(ev.target.value.trim());
    }
    onRecord(id) {
        this.set(id ? String(id) : "");
    }
    onRecords(ids) {
        this.set(ids.join(","));
    }
    onInsert(name) {
        const placeholder = `{${name}}`;
        this.set(this.kind === "text" && this.value ? `${this.value} ${placeholder}` : placeholder);
    }
}

const fields = registry.category("fields");
fields.add("mailbox_record_field", { component: RecordFieldField, supportedTypes: ["char"] });
fields.add("mailbox_record_value", {
    component: RecordValueField,
    supportedTypes: ["text"],
    fieldDependencies: [{ name: "value_words", type: "char" }],
});
