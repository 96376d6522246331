import { Component } from "@odoo/owl";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { humanSize, shortMoment } from "../fields/plain_fields";

const { DateTime, Duration } = luxon;

const SHOWN_IMAGES = ["image/png", "image/jpeg", "image/gif", "image/webp"];
const ICONS = [
    [/^image\//, "fa-file-image-o"],
    [/^audio\//, "fa-file-audio-o"],
    [/^video\//, "fa-file-video-o"],
    [/pdf/, "fa-file-pdf-o"],
    [/zip|compressed|tar/, "fa-file-archive-o"],
    [/word|opendocument\.text/, "fa-file-word-o"],
    [/excel|spreadsheet|csv/, "fa-file-excel-o"],
    [/powerpoint|presentation/, "fa-file-powerpoint-o"],
    [/calendar/, "fa-calendar"],
    [/rfc822/, "fa-envelope-o"],
    [/^text\//, "fa-file-text-o"],
];

export class AttachmentsField extends Component {
    static template = "mailbox_sync.AttachmentsField";
    static props = { ...standardFieldProps };

    get files() {
        return (this.props.record.data[this.props.name] || [])
            .filter((file) => !file.inline)
            .map((file) => ({
                ...file,
                text: humanSize(file.size),
                icon: (ICONS.find(([pattern]) => pattern.test(file.mimetype)) || [null, "fa-file-o"])[1],
                preview: file.here && SHOWN_IMAGES.includes(file.mimetype) && file.size < 5_000_000,
            }));
    }
    state(file) {
        if (file.failure) {
            return file.failure;
        }
        if (file.never) {
            return _t("Stays at the provider");
        }
        return file.here ? "" : _t("At the provider; fetched when you open it");
    }
}

const RESULTS = {
    pass: ["text-bg-success", _t("passed")],
    fail: ["text-bg-danger", _t("failed")],
    softfail: ["text-bg-warning", _t("doubtful")],
    policy: ["text-bg-warning", _t("against policy")],
};
const METHODS = {
    spf: _t("Was the sending server allowed to? (SPF)"),
    dkim: _t("Is the signature of the domain intact? (DKIM)"),
    dmarc: _t("Does the visible sender agree with both? (DMARC)"),
    arc: _t("Did forwarders keep the proof intact? (ARC)"),
};
const NAMES = {
    "list-id": _t("Mailing list"),
    "list-post": _t("Write to the list"),
    "list-unsubscribe": _t("Leave the list"),
    "list-archive": _t("Archive of the list"),
    "list-help": _t("Help on the list"),
    "list-owner": _t("Owner of the list"),
    "reply-to": _t("Answers go to"),
    sender: _t("Handed in by"),
    "return-path": _t("Failures go to"),
    "delivered-to": _t("Delivered to"),
    "x-mailer": _t("Written with"),
    "user-agent": _t("Written with"),
    "auto-submitted": _t("Automatic"),
};

export class HeadersField extends Component {
    static template = "mailbox_sync.HeadersField";
    static props = { ...standardFieldProps };

    get data() {
        return this.props.record.data[this.props.name];
    }
    get verdicts() {
        return this.data.verdicts.map((one) => {
            const [color, word] = RESULTS[one.result] || ["text-bg-secondary", one.result];
            return { ...one, color, word, question: METHODS[one.method] };
        });
    }
    get route() {
        return this.data.route.map((hop) => ({
            ...hop,
            when: hop.at ? DateTime.fromISO(hop.at).toLocaleString(DateTime.DATETIME_MED_WITH_SECONDS) : "",
            took: this.duration(hop.seconds),
            slow: hop.seconds > 300,
        }));
    }
    get facts() {
        return [...this.data.fields, ...this.data.lists].map((field) => ({
            label: NAMES[field.name] || field.name,
            value: field.value,
        }));
    }
    duration(seconds) {
        if (seconds === null || seconds === undefined) {
            return "";
        }
        if (seconds < 0) {
            return _t("clocks differ by %s s", -seconds);
        }
        const units = seconds < 120 ? ["seconds"] : seconds < 7200 ? ["minutes"] : ["hours"];
        return Duration.fromObject({ seconds })
            .shiftTo(...units)
            .mapUnits((amount) => Math.round(amount))
            .toHuman({ unitDisplay: "short" });
    }
}

export class ConversationField extends Component {
    static template = "mailbox_sync.ConversationField";
    static props = { ...standardFieldProps };

    setup() {
        this.action = useService("action");
    }
    get rows() {
        const shown = this.props.record.resId;
        return (this.props.record.data[this.props.name] || []).map((row) => ({
            ...row,
            current: row.id === shown,
            when: row.date ? shortMoment(deserializeDateTime(row.date)) : "",
        }));
    }
    open(row) {
        if (!row.current) {
            return this.action.doAction(
                {
                    type: "ir.actions.act_window",
                    res_model: "mailbox.message",
                    res_id: row.id,
                    views: [[false, "form"]],
                },
                { stackPosition: "replaceCurrentAction" }
            );
        }
    }
}

const KINDS = {
    missing: _t("not here"),
    extra: _t("here, but not at the provider"),
    flag: _t("other flag"),
    label: _t("other folder"),
};

/** What a proof found. */
export class DetailField extends Component {
    static template = "mailbox_sync.DetailField";
    static props = { ...standardFieldProps };

    get data() {
        return this.props.record.data[this.props.name] || {};
    }
    get differences() {
        const open = new Set(this.data.unexplained || []);
        return (this.data.differences || []).map(([kind, id, what], index) => ({
            index,
            id,
            what: what || "",
            kind: KINDS[kind] || kind,
            open: open.has(id),
        }));
    }
}

const fields = registry.category("fields");
fields.add("mailbox_attachments", { component: AttachmentsField, supportedTypes: ["json"] });
fields.add("mailbox_headers", { component: HeadersField, supportedTypes: ["json"] });
fields.add("mailbox_conversation", { component: ConversationField, supportedTypes: ["json"] });
fields.add("mailbox_detail", { component: DetailField, supportedTypes: ["json"] });
