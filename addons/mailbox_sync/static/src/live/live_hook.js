import { onWillDestroy } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { useService } from "@web/core/utils/hooks";

/** A change is shown at once, with those that come within this time. Milliseconds. */
export const SOON = 20;
/** The shortest rest between two reloads while changes keep coming. */
export const REST = 250;
/** A reload that took long is followed by a rest this many times as long … */
const RELIEF = 4;
/** … and nobody waits longer than this. */
export const LONGEST = 1500;
/** How often what is in motion (an import, a check) is looked at when no notification comes. */
export const PULSE = 5000;

/**
 * Reload when the server says that mail of a mailbox changed.
 *
 * Notifications arrive on the channels of the mailboxes that the user reads; which ones decides the server.
 * A hidden tab waits until it is looked at. What comes while the view still loads for the first time
 * may or may not be in what it loads, so the view is looked at once more.
 *
 * @param {Object} params
 * @param {Object} params.model the view's model
 * @param {() => Promise} params.reload
 * @param {(payload: Object) => boolean} [params.concerns] whether a change has to do with what is shown
 * @param {() => boolean} [params.inMotion] whether what is shown changes without notifications, too
 */
export function useMailboxLive({ model, reload, concerns = () => true, inMotion = () => false }) {
    const bus = useService("bus_service");
    let timer = null;
    let next = 0;
    let waiting = false;
    let running = false;

    const run = async () => {
        timer = null;
        if (document.hidden || running) {
            waiting = true;
            return;
        }
        if (!model.isReady) {
            schedule(REST);
            return;
        }
        waiting = false;
        running = true;
        const began = Date.now();
        try {
            await reload();
        } finally {
            running = false;
            const ended = Date.now();
            next = ended + Math.min(LONGEST, Math.max(REST, RELIEF * (ended - began)));
        }
        if (waiting && !document.hidden) {
            schedule();
        }
    };
    const schedule = (least = SOON) => {
        if (running) {
            waiting = true;
        } else if (!timer) {
            timer = browser.setTimeout(run, Math.max(least, next - Date.now()));
        }
    };
    const onPage = (payload) => {
        if (!model.isReady || concerns(payload)) {
            schedule();
        }
    };
    const onVisible = () => {
        if (!document.hidden && waiting) {
            schedule();
        }
    };
    const pulse = browser.setInterval(() => {
        if (!document.hidden && !timer && model.isReady && inMotion()) {
            schedule();
        }
    }, PULSE);

    bus.subscribe("mailbox.page", onPage);
    document.addEventListener("visibilitychange", onVisible);
    onWillDestroy(() => {
        bus.unsubscribe("mailbox.page", onPage);
        document.removeEventListener("visibilitychange", onVisible);
        browser.clearTimeout(timer);
        browser.clearInterval(pulse);
    });
}
