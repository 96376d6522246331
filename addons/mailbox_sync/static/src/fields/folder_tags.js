import { registry } from "@web/core/registry";
import { Many2ManyTagsField, many2ManyTagsField } from "@web/views/fields/many2many_tags/many2many_tags_field";

/** The folders of a message but the one that holds all mail: it would say nothing on every line. */
export class FolderTagsField extends Many2ManyTagsField {
    get tags() {
        const { records } = this.props.record.data[this.props.name];
        const hidden = new Set(records.filter(({ data }) => data.role === "all").map(({ id }) => id));
        return super.tags.filter((tag) => !hidden.has(tag.id));
    }
}

registry.category("fields").add("mailbox_folders", {
    ...many2ManyTagsField,
    component: FolderTagsField,
    relatedFields: (info) => [
        ...many2ManyTagsField.relatedFields(info),
        { name: "role", type: "selection", selection: [] },
    ],
});
