import { Component, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** Records a waiting mail may belong to, each with its reasons and a button that adds it there. */
export class SuggestionsField extends Component {
    static template = "mailbox_sync.SuggestionsField";
    static props = { ...standardFieldProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ busy: false });
    }
    get suggestions() {
        return this.props.record.data[this.props.name] || [];
    }
    open({ model, id }) {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: model,
            res_id: id,
            views: [[false, "form"]],
        });
    }
    async add({ model, id }) {
        const { record } = this.props;
        this.state.busy = true;
        try {
            await this.orm.call("mailbox.decision", "action_merge_into", [[record.resId], model, id]);
            await record.load();
        } finally {
            this.state.busy = false;
        }
    }
}

registry.category("fields").add("mailbox_suggestions", {
    component: SuggestionsField,
    supportedTypes: ["json"],
});
