import { Component, onMounted, onPatched, onWillStart, onWillUnmount, useRef } from "@odoo/owl";
import { loadBundle } from "@web/core/assets";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

const { DateTime } = luxon;

const LINES = [_t("Half within"), _t("95 of 100 within"), _t("99 of 100 within")];
/** Readable on a bright and on a dark page. */
const COLORS = ["#3f86c8", "#e08e45"];
/** Hours after which the plot names days instead. */
const LONG = 36;
const CLOCK = "HH:mm:ss.SSS";

/** How fast the mail of a mailbox was: a sentence, a line for each hop, a plot over time. */
export class SpeedField extends Component {
    static template = "mailbox_sync.SpeedField";
    static props = { ...standardFieldProps };

    setup() {
        this.canvas = useRef("canvas");
        this.heads = LINES;
        this.chart = null;
        onWillStart(() => loadBundle("web.chartjs_lib"));
        onMounted(() => this.draw());
        onPatched(() => this.draw());
        onWillUnmount(() => this.chart?.destroy());
    }
    get data() {
        return this.props.record.data[this.props.name] || { notes: [], hops: [], series: [] };
    }
    draw() {
        this.chart?.destroy();
        this.chart = null;
        if (this.canvas.el && this.data.series.length) {
            this.chart = new Chart(this.canvas.el, this.config());
        }
    }
    config() {
        const { series } = this.data;
        const moments = series.map(({ at }) => deserializeDateTime(at));
        const hours = moments.at(-1).diff(moments[0], "hours").hours;
        return {
            type: "line",
            data: {
                labels: moments,
                datasets: LINES.slice(0, 2).map((label, index) => ({
                    label: label.toString(),
                    data: series.map(({ values }) => values[index]),
                    borderColor: COLORS[index],
                    backgroundColor: COLORS[index],
                    borderWidth: 2,
                    pointRadius: series.length > 60 ? 0 : 3,
                })),
            },
            options: {
                animation: false,
                maintainAspectRatio: false,
                interaction: { mode: "index", intersect: false },
                scales: {
                    x: {
                        type: "time",
                        time: { tooltipFormat: "ff", unit: hours > LONG ? "day" : "hour" },
                        grid: { display: false },
                    },
                    y: { beginAtZero: true, title: { display: true, text: _t("seconds").toString() } },
                },
                plugins: {
                    tooltip: {
                        callbacks: {
                            footer: ([{ dataIndex }]) =>
                                _t("%s messages", series[dataIndex].count).toString(),
                        },
                    },
                },
            },
        };
    }
}

/** The way of one message, station by station. */
export class TraceField extends Component {
    static template = "mailbox_sync.TraceField";
    static props = { ...standardFieldProps };

    get data() {
        return this.props.record.data[this.props.name] || { lines: [] };
    }
    get lines() {
        return this.data.lines.map((line) => ({
            ...line,
            when: line.at ? DateTime.fromISO(line.at, { zone: "utc" }).toLocal().toFormat(CLOCK) : "",
            missing: line.note || _t("not observed yet"),
        }));
    }
    get day() {
        const first = this.data.lines.find(({ at }) => at);
        return first ? DateTime.fromISO(first.at, { zone: "utc" }).toLocal().toLocaleString(DateTime.DATE_FULL) : "";
    }
}

const fields = registry.category("fields");
fields.add("mailbox_speed", { component: SpeedField, supportedTypes: ["json"], isEmpty: () => false });
fields.add("mailbox_trace", { component: TraceField, supportedTypes: ["json"] });
