import { Component, onWillDestroy, onWillUpdateProps, useRef, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

const SMALLEST = 60;

/** Whether the page around is dark: by what it looks like, since themes differ in how they say so. */
export function isDarkPage(element) {
    for (let node = element; node; node = node.parentElement) {
        const numbers = getComputedStyle(node).backgroundColor.match(/[\d.]+/g) || [];
        const [red, green, blue, alpha = 1] = numbers.map(Number);
        if (alpha > 0.5 && blue !== undefined) {
            return (red * 299 + green * 587 + blue * 114) / 1000 < 110;
        }
    }
    return false;
}

/**
 * The body of a message in a frame without scripts, with a content policy of its own (the server
 * sends it). Images from elsewhere are loaded when the reader asks, for this message, this time.
 */
export class BodyWidget extends Component {
    static template = "mailbox_sync.BodyWidget";
    static props = { ...standardWidgetProps };

    setup() {
        this.frame = useRef("frame");
        this.state = useState({ remote: false, held: false, height: SMALLEST, ready: false });
        this.observer = null;
        onWillUpdateProps((next) => {
            if (next.record.resId !== this.props.record.resId) {
                Object.assign(this.state, { remote: false, held: false, height: SMALLEST, ready: false });
            }
        });
        onWillDestroy(() => this.observer?.disconnect());
    }
    get source() {
        const query = new URLSearchParams();
        if (this.state.remote) {
            query.set("remote", "1");
        }
        if (isDarkPage(document.querySelector(".o_mailbox_message_form") || document.body)) {
            query.set("dark", "1");
        }
        return `/mailbox/body/${this.props.record.resId}?${query}`;
    }
    showImages() {
        this.state.remote = true;
    }
    onLoad() {
        const page = this.frame.el?.contentDocument;
        this.observer?.disconnect();
        if (!page?.body) {
            return;
        }
        this.state.held = Boolean(page.querySelector("img[data-held]"));
        this.state.ready = true;
        this.observer = new ResizeObserver(() => this.measure());
        this.observer.observe(page.body);
        for (const details of page.querySelectorAll("details")) {
            details.addEventListener("toggle", () => this.measure());
        }
        this.measure();
    }
    measure() {
        const page = this.frame.el?.contentDocument;
        if (page?.body) {
            this.state.height = Math.max(SMALLEST, Math.ceil(page.body.getBoundingClientRect().height) + 8);
        }
    }
}

registry.category("view_widgets").add("mailbox_body", { component: BodyWidget });
