import { onWillDestroy } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { useService } from "@web/core/utils/hooks";

/** A change is shown at once, with those that come within this time. Milliseconds. */
export const SOON = 20;
/** The shortest rest between two reloads while new mail or changes of mail keep coming … */
export const REST = 80;
/** … which is as long as the reload took: an open list never costs more than half of a worker. */
const RELIEF = 1;
/** The same for pages of history, which come by the thousand and name no mail: nobody waits for them. */
export const HISTORY_REST = 250;
const HISTORY_RELIEF = 4;
/** Nobody waits longer than this. */
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
    let due = 0;
    let ended = 0;
    let took = 0;
    let waiting = false;
    let urgent = false;
    let running = false;

    const run = async () => {
        timer = null;
        if (document.hidden || running) {
            waiting = true;
            return;
        }
        if (!model.isReady) {
            schedule(HISTORY_REST);
            return;
        }
        waiting = false;
        urgent = false;
        running = true;
        const began = Date.now();
        try {
            await reload();
        } finally {
            running = false;
            ended = Date.now();
            took = ended - began;
        }
        if (waiting && !document.hidden) {
            schedule();
        }
    };
    const rest = () =>
        urgent ? Math.max(REST, RELIEF * took) : Math.max(HISTORY_REST, HISTORY_RELIEF * took);
    const schedule = (least = SOON) => {
        if (running) {
            waiting = true;
            return;
        }
        const now = Date.now();
        const wanted = Math.max(now + least, ended + Math.min(LONGEST, rest()));
        if (!timer || wanted < due) {
            browser.clearTimeout(timer);
            due = wanted;
            timer = browser.setTimeout(run, wanted - now);
        }
    };
    const onPage = (payload) => {
        if (!model.isReady || concerns(payload)) {
            urgent ||= payload.messages.length > 0;
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
