import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** Star and unstar a message: here at once, at the provider soon after. */
export class StarField extends Component {
    static template = "mailbox_sync.StarField";
    static props = { ...standardFieldProps };

    setup() {
        this.orm = useService("orm");
    }
    get isSet() {
        return this.props.record.data[this.props.name];
    }
    get mayChange() {
        return this.props.record.data.may_change;
    }
    get label() {
        return this.isSet ? _t("Remove the star") : _t("Star");
    }
    async toggle() {
        const { record } = this.props;
        await this.orm.call(record.resModel, "action_set_flagged", [[record.resId], !this.isSet]);
        await record.load();
    }
}

registry.category("fields").add("mailbox_star", {
    component: StarField,
    supportedTypes: ["boolean"],
    fieldDependencies: [{ name: "may_change", type: "boolean" }],
    isEmpty: () => false,
});
