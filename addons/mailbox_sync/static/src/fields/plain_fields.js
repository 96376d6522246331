import { Component, onWillDestroy, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

const { DateTime, Duration } = luxon;

/** Base of the small read-only fields of this file. */
class ReadField extends Component {
    static props = { ...standardFieldProps };

    get value() {
        return this.props.record.data[this.props.name];
    }
}

/** Bytes as a person reads them. */
export function humanSize(bytes) {
    let size = bytes || 0;
    for (const unit of ["B", "kB", "MB"]) {
        if (size < 1000) {
            return `${size < 10 && unit !== "B" ? size.toFixed(1) : Math.round(size)} ${unit}`;
        }
        size /= 1000;
    }
    return `${size.toFixed(1)} GB`;
}

/** A moment as in a mail list: the time today, the day this year, the date before. */
export function shortMoment(moment) {
    const now = DateTime.now();
    if (moment.hasSame(now, "day")) {
        return moment.toLocaleString(DateTime.TIME_SIMPLE);
    }
    if (moment.hasSame(now, "year")) {
        return moment.toLocaleString({ day: "numeric", month: "short" });
    }
    return moment.toLocaleString({ year: "numeric", month: "short", day: "numeric" });
}

export class WhenField extends ReadField {
    static template = "mailbox_sync.WhenField";
    static props = { ...standardFieldProps, full: { type: Boolean, optional: true } };

    get text() {
        if (!this.value) {
            return "";
        }
        return this.props.full ? this.title : shortMoment(this.value);
    }
    get title() {
        return this.value ? this.value.toLocaleString(DateTime.DATETIME_MED_WITH_WEEKDAY) : "";
    }
}

/** A moment as a distance from now; counts on by itself. */
export class AgoField extends ReadField {
    static template = "mailbox_sync.WhenField";

    setup() {
        this.state = useState({ now: Date.now() });
        const timer = browser.setInterval(() => (this.state.now = Date.now()), 10000);
        onWillDestroy(() => browser.clearInterval(timer));
    }
    get text() {
        if (!this.value) {
            return _t("never");
        }
        const seconds = (this.state.now - this.value.toMillis()) / 1000;
        return Math.abs(seconds) < 10 ? _t("just now") : this.value.toRelative();
    }
    get title() {
        return this.value ? this.value.toLocaleString(DateTime.DATETIME_MED_WITH_SECONDS) : "";
    }
}

export class DurationField extends ReadField {
    static template = "mailbox_sync.WhenField";

    get text() {
        const units = this.value < 120 ? ["seconds"] : this.value < 7200 ? ["minutes"] : ["hours", "minutes"];
        const rounded = Duration.fromObject({ seconds: this.value }).shiftTo(...units);
        return rounded.mapUnits((amount) => Math.round(amount)).toHuman();
    }
    get title() {
        return "";
    }
}

export class SizeField extends ReadField {
    static template = "mailbox_sync.WhenField";

    get text() {
        return this.value ? humanSize(this.value) : "";
    }
    get title() {
        return this.value ? _t("%s bytes", this.value) : "";
    }
}

const ROLES = {
    inbox: ["fa-inbox", _t("Inbox")],
    sent: ["fa-paper-plane-o", _t("Sent")],
    drafts: ["fa-pencil-square-o", _t("Drafts")],
    archive: ["fa-archive", _t("Archive")],
    trash: ["fa-trash-o", _t("Trash")],
    junk: ["fa-ban", _t("Junk")],
    all: ["fa-database", _t("All mail")],
    flagged: ["fa-star-o", _t("Starred")],
    important: ["fa-bookmark-o", _t("Important")],
};

export class RoleField extends ReadField {
    static template = "mailbox_sync.IconField";

    get icon() {
        return `fa fa-fw text-muted ${(ROLES[this.value] || ["fa-folder-o"])[0]}`;
    }
    get label() {
        return (ROLES[this.value] || ["", _t("Folder")])[1];
    }
}

export class ClipField extends ReadField {
    static template = "mailbox_sync.IconField";

    get icon() {
        return this.value ? "fa fa-paperclip text-muted" : "";
    }
    get label() {
        return this.value ? _t("Has attachments") : "";
    }
}

export class SubjectField extends ReadField {
    static template = "mailbox_sync.SubjectField";

    get subject() {
        return this.value || _t("(no subject)");
    }
    get snippet() {
        return this.props.record.data.snippet || "";
    }
}

/** A round letter in a colour that always is the same for the same sender. */
export class AvatarField extends ReadField {
    static template = "mailbox_sync.AvatarField";

    get letter() {
        return (Array.from(this.value || "").find((char) => /\p{L}|\p{N}/u.test(char)) || "?").toUpperCase();
    }
    get style() {
        let hue = 7;
        for (const char of this.props.record.data.from_email || this.value || "") {
            hue = (hue * 31 + char.codePointAt(0)) % 360;
        }
        return `background-color: hsl(${hue} 45% 42%)`;
    }
}

export class ProgressField extends ReadField {
    static template = "mailbox_sync.ProgressField";

    get percent() {
        return Math.round(this.value || 0);
    }
    get text() {
        const { import_done: done, import_total: total, import_eta: eta } = this.props.record.data;
        if (!total) {
            return _t("Counting…");
        }
        const figures = _t("%(done)s of %(total)s", {
            done: done.toLocaleString(),
            total: total.toLocaleString(),
        });
        return eta && eta > DateTime.now()
            ? _t("%(figures)s · ready %(when)s", { figures, when: eta.toRelative() })
            : figures;
    }
}

const IMPORT_FIELDS = [
    { name: "import_done", type: "integer" },
    { name: "import_total", type: "integer" },
    { name: "import_eta", type: "datetime" },
];

const fields = registry.category("fields");
fields.add("mailbox_when", {
    component: WhenField,
    supportedTypes: ["datetime"],
    extractProps: ({ options }) => ({ full: Boolean(options.full) }),
});
fields.add("mailbox_ago", { component: AgoField, supportedTypes: ["datetime"] });
fields.add("mailbox_duration", { component: DurationField, supportedTypes: ["integer"] });
fields.add("mailbox_size", { component: SizeField, supportedTypes: ["integer"] });
fields.add("mailbox_role", { component: RoleField, supportedTypes: ["selection"] });
fields.add("mailbox_clip", { component: ClipField, supportedTypes: ["boolean"], isEmpty: () => false });
fields.add("mailbox_subject", {
    component: SubjectField,
    supportedTypes: ["char"],
    fieldDependencies: [{ name: "snippet", type: "char" }],
    isEmpty: () => false,
});
fields.add("mailbox_avatar", {
    component: AvatarField,
    supportedTypes: ["char"],
    fieldDependencies: [{ name: "from_email", type: "char" }],
});
fields.add("mailbox_progress", {
    component: ProgressField,
    supportedTypes: ["float"],
    fieldDependencies: IMPORT_FIELDS,
    isEmpty: () => false,
});
