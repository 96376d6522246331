import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { SelectMenu } from "@web/core/select_menu/select_menu";
import { registry } from "@web/core/registry";
import { CharField } from "@web/views/fields/char/char_field";
import { SelectionField, selectionField } from "@web/views/fields/selection/selection_field";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** How a condition compares: only what makes sense for the question, which the server says. */
export class ConditionOpField extends SelectionField {
    get options() {
        const allowed = this.props.record.data.op_options || [];
        const chosen = this.props.record.data[this.props.name];
        return super.options.filter(([value]) => allowed.includes(value) || value === chosen);
    }
}

/** What a condition compares with: one of a few answers where there are such, else words. */
export class ConditionValueField extends Component {
    static template = "mailbox_sync.ConditionValueField";
    static components = { CharField, SelectMenu };
    static props = { ...standardFieldProps };

    get value() {
        return this.props.record.data[this.props.name] || "";
    }
    get choices() {
        const options = this.props.record.data.value_options || [];
        return options.map(([value, label]) => ({ value, label }));
    }
    get label() {
        return this.choices.find((choice) => choice.value === this.value)?.label || this.value;
    }
    get charProps() {
        return { ...this.props, placeholder: this.props.record.data.hint || "" };
    }
    onChoose(value) {
        this.props.record.update({ [this.props.name]: value });
    }
}

/** How a condition is joined with the line above: "and" or "or", which a click changes. */
export class ConditionJoinField extends Component {
    static template = "mailbox_sync.ConditionJoinField";
    static props = { ...standardFieldProps };

    get isFirst() {
        const lines = this.props.record.model.root.data.line_ids?.records || [];
        return !lines.length || lines[0].id === this.props.record.id;
    }
    get label() {
        if (this.isFirst) {
            return _t("if");
        }
        const joined = this.props.record.data[this.props.name];
        const all = this.props.record.model.root.data.match === "all";
        return joined === all ? _t("or") : _t("and");
    }
    onToggle() {
        const { name, record } = this.props;
        record.update({ [name]: !record.data[name] });
    }
}

const fields = registry.category("fields");
fields.add("mailbox_condition_join", {
    component: ConditionJoinField,
    supportedTypes: ["boolean"],
});
fields.add("mailbox_condition_op", { ...selectionField, component: ConditionOpField });
fields.add("mailbox_condition_value", {
    component: ConditionValueField,
    supportedTypes: ["char"],
});
