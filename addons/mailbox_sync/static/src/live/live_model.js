import { RelationalModel } from "@web/model/relational_model/relational_model";

/** A row that knows what the server said last, to tell whether it has changed. */
class LiveRecord extends RelationalModel.Record {
    _setData(data, params) {
        this._told = JSON.stringify(data);
        super._setData(data, params);
    }

    /** Take over what the server says now; a row that says the same is not painted anew. */
    refresh(data) {
        if (!this.dirty && JSON.stringify(data) !== this._told) {
            this._setData(data);
        }
    }
}

class LiveRecordList extends RelationalModel.DynamicRecordList {
    /**
     * Load the page that is shown again. Rows that stay keep their place in the page: their
     * selection and focus, and what of them has been painted.
     */
    refresh() {
        return this.model.mutex.exec(() =>
            this.model._updateConfig(this.config, {}, { commit: (data) => this._merge(data) })
        );
    }

    _merge(data) {
        const shown = new Map(this.records.map((record) => [record.resId, record]));
        this.records = data.records.map((values) => {
            const record = shown.get(values.id);
            record?.refresh(values);
            return record || this._createRecordDatapoint(values);
        });
        this._updateCount(data);
        this._selectDomain(this.isDomainSelected);
    }
}

/** The model of lists and cards that follow what happens on the server. */
export class LiveModel extends RelationalModel {
    static Record = LiveRecord;
    static DynamicRecordList = LiveRecordList;

    /** Load what is shown again, and touch nothing that is still the same. */
    refresh() {
        return this.root.refresh ? this.root.refresh() : reloadGroups(this.root);
    }
}

/** Groups are made anew; which of them are open and what is selected stays. */
async function reloadGroups(root) {
    const selected = new Set(root.selection.map((record) => record.resId));
    await root.load();
    for (const record of root.records) {
        if (selected.has(record.resId) && !record.selected) {
            record.toggleSelection(true);
        }
    }
}
