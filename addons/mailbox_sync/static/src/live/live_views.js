import { onMounted } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { FormController } from "@web/views/form/form_controller";
import { formView } from "@web/views/form/form_view";
import { KanbanController } from "@web/views/kanban/kanban_controller";
import { kanbanView } from "@web/views/kanban/kanban_view";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";

import { useMailboxLive } from "./live_hook";
import { LiveModel } from "./live_model";

const MOVING = ["importing", "connecting", "running", "looking", "undoing"];

const isMoving = (record) => MOVING.includes(record.data.state);

export class MailboxListController extends ListController {
    setup() {
        super.setup();
        this.archiveEnabled = false;
        useMailboxLive({
            model: this.model,
            reload: async () => {
                if (!this.model.root.editedRecord && !this.model.useSampleModel) {
                    await this.model.refresh();
                }
            },
            inMotion: () => (this.model.root.records || []).some(isMoving),
        });
    }
}

export class MailboxKanbanController extends KanbanController {
    setup() {
        super.setup();
        useMailboxLive({
            model: this.model,
            reload: () => this.model.refresh(),
            inMotion: () => (this.model.root.records || []).some(isMoving),
        });
    }
}

export class MailboxFormController extends FormController {
    setup() {
        super.setup();
        this.orm = useService("orm");
        useMailboxLive({
            model: this.model,
            concerns: (payload) => this.isAbout(payload),
            reload: () => this.reloadQuietly(),
            inMotion: () => this.props.resModel !== "mailbox.message" && isMoving(this.model.root),
        });
        onMounted(() => this.markAsRead());
    }

    /** Whether a notification has to do with what this form shows. */
    isAbout(payload) {
        const { resModel, resId, data } = this.model.root;
        if (resModel === "mailbox") {
            return payload.mailbox_id === resId;
        }
        const conversation = data.conversation_id?.id;
        return payload.messages.some(
            (row) => row.id === resId || (conversation && row.conversation_id === conversation)
        );
    }

    /** Show the server's state, unless somebody is typing. */
    async reloadQuietly() {
        const root = this.model.root;
        if (root.resId && !(await root.isDirty())) {
            await root.load();
        }
    }

    /** Who opens a message has read it. */
    async markAsRead() {
        const { resModel, resId, data } = this.model.root;
        if (resModel === "mailbox.message" && data.may_change && !data.is_seen) {
            await this.orm.silent.call(resModel, "action_mark_read", [[resId]]);
        }
    }
}

const liveList = { ...listView, Controller: MailboxListController, Model: LiveModel };
const liveCards = { ...kanbanView, Controller: MailboxKanbanController, Model: LiveModel };

registry.category("views").add("mailbox_live_list", liveList);
registry.category("views").add("mailbox_message_list", liveList);
registry.category("views").add("mailbox_kanban", liveCards);
registry.category("views").add("mailbox_live_form", { ...formView, Controller: MailboxFormController });
