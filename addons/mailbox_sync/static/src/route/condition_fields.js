import { Component } from "@odoo/owl";
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

const fields = registry.category("fields");
fields.add("mailbox_condition_op", { ...selectionField, component: ConditionOpField });
fields.add("mailbox_condition_value", {
    component: ConditionValueField,
    supportedTypes: ["char"],
});
