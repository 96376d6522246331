import { Component, onWillDestroy, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

const { DateTime } = luxon;

/** How often a live list looks again. Milliseconds. */
const LOOK = 2000;

const STATES = {
    ok: ["fa-check-circle text-success", _t("in order")],
    warning: ["fa-exclamation-triangle text-warning", _t("look at it")],
    failed: ["fa-times-circle text-danger", _t("not in order")],
    observed: ["fa-check-circle text-success", _t("observed")],
    waiting: ["fa-circle-o-notch text-muted", _t("waiting")],
    missing: ["fa-times-circle text-danger", _t("missing")],
};

const FIXES = {
    project: _t("Project & topic"),
    cloud: _t("Show the script"),
    preflight: _t("Run the checks"),
    validate: _t("Align audience and signer"),
    register: _t("Register again"),
    settings: _t("Push settings"),
    check_pull: _t("Check access"),
    connect: _t("Connect"),
    reconnect: _t("Reconnect"),
    verify_token: _t("Verify token now"),
    resume: _t("Resume"),
    sync_now: _t("Sync now"),
    restart: _t("Start the test again"),
    reload: _t("Reload the page"),
};

/** Findings and checkpoints of the push assistant, each with the buttons that mend it. */
export class LinesField extends Component {
    static template = "mailbox_sync.LinesField";
    static props = { ...standardFieldProps, live: { type: Boolean, optional: true } };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ busy: false });
        if (this.props.live) {
            const bus = useService("bus_service");
            const look = () => this.look();
            const timer = browser.setInterval(look, LOOK);
            bus.subscribe("mailbox.page", look);
            onWillDestroy(() => {
                browser.clearInterval(timer);
                bus.unsubscribe("mailbox.page", look);
            });
        }
    }

    get lines() {
        const lines = this.props.record.data[this.props.name] || [];
        return lines.map((line) => ({
            ...line,
            icon: STATES[line.state][0],
            label: STATES[line.state][1],
            time: this.time(line, lines[0]),
            buttons: line.fixes.map((word) => ({ word, label: FIXES[word] })),
        }));
    }

    /** The moment, and how long after the first line. */
    time(line, first) {
        if (!line.at) {
            return "";
        }
        const at = DateTime.fromISO(line.at);
        const clock = at.toLocaleString(DateTime.TIME_WITH_SECONDS);
        if (line === first || !first.at) {
            return clock;
        }
        const seconds = Math.max(0, at.diff(DateTime.fromISO(first.at)).as("seconds"));
        return _t("%(clock)s (after %(seconds)s s)", { clock, seconds: seconds.toFixed(1) });
    }

    /** Ask for the lines alone, and load the form when they have changed. */
    async look() {
        const { record, name } = this.props;
        if (document.hidden || this.looking || this.state.busy || !record.resId) {
            return;
        }
        this.looking = true;
        try {
            const [values] = await this.orm.silent.read(record.resModel, [record.resId], [name]);
            if (JSON.stringify(values?.[name]) !== JSON.stringify(record.data[name])) {
                await record.load();
            }
        } finally {
            this.looking = false;
        }
    }

    async fix(word) {
        if (word === "reload") {
            browser.location.reload();
            return;
        }
        const { record } = this.props;
        this.state.busy = true;
        try {
            const action = await this.orm.call(record.resModel, "action_fix", [[record.resId], word]);
            if (action) {
                await this.action.doAction(action, { onClose: () => record.load() });
            } else {
                await record.load();
            }
        } finally {
            this.state.busy = false;
        }
    }
}

registry.category("fields").add("mailbox_lines", {
    component: LinesField,
    supportedTypes: ["json"],
    extractProps: ({ options }) => ({ live: Boolean(options.live) }),
});

/** A script to read, to copy, and to scroll in. */
export class ScriptField extends Component {
    static template = "mailbox_sync.ScriptField";
    static props = { ...standardFieldProps };

    setup() {
        this.state = useState({ copied: false });
    }

    get text() {
        return this.props.record.data[this.props.name] || "";
    }

    async copy() {
        await browser.navigator.clipboard.writeText(this.text);
        this.state.copied = true;
        browser.setTimeout(() => (this.state.copied = false), 2000);
    }
}

registry.category("fields").add("mailbox_script", { component: ScriptField, supportedTypes: ["text"] });
