import { Component, markup } from "@odoo/owl";
import { registerMessageAction } from "@mail/core/common/message_actions";
import { _t } from "@web/core/l10n/translation";
import { Dialog } from "@web/core/dialog/dialog";
import { useService } from "@web/core/utils/hooks";

/** Why a mail stands in this chatter; who may read the mailbox can go to the mail itself. */
export class WhyDialog extends Component {
    static template = "mailbox_sync.WhyDialog";
    static components = { Dialog };
    static props = { html: String, message: [Number, { value: false }], close: Function };

    setup() {
        this.action = useService("action");
    }
    get argument() {
        // Written by the server, every word of the mail escaped (mail_message.py).
        return markup(this.props.html);
    }
    onOpen() {
        this.props.close();
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "mailbox.message",
            res_id: this.props.message,
            views: [[false, "form"]],
        });
    }
}

registerMessageAction("mailbox-why", {
    condition: ({ message, store }) =>
        ["email", "email_outgoing"].includes(message.message_type) &&
        message.model !== "discuss.channel" &&
        store.self.main_user_id?.share === false,
    icon: "fa fa-question-circle-o",
    name: _t("Why here?"),
    onSelected: async ({ message, store }) => {
        const why = await store.env.services.orm.call("mail.message", "mailbox_why", [message.id]);
        store.env.services.dialog.add(WhyDialog, why);
    },
    sequence: 62,
});
