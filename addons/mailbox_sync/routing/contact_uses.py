"""What uses a contact: asked before one that was made from a mail is taken back.

The database knows, as for Odoo's merging of contacts: every column that points at one has a
foreign key. What belongs to the contact itself is no use of it.
"""

from collections import Counter

from odoo.tools import SQL

#: Columns that say something about the contact, or that it is there, by table.
_ITS_OWN = frozenset(
    {
        ("res_partner", "commercial_partner_id"),
        ("res_partner_res_partner_category_rel", "partner_id"),
        ("mailbox_address", "partner_id"),
        ("mailbox_decision", "made_partner_id"),
    }
)
#: Tables that say by model and number what they belong to, with the contact's own rows.
_OWN_ROWS = {
    "mail_followers": ("res_model", "res_id"),
    "mail_message": ("model", "res_id"),
}


def uses(partner):
    """Where a contact is used, as a dictionary of how often by kind of record, in words."""
    env = partner.env
    env.flush_all()
    kinds = _kinds(env)
    parts = [_count(partner, *one) for one in _columns(env) if one[0] in kinds]
    found = Counter(_chatter(partner))
    env.cr.execute(SQL(" UNION ALL ").join(parts))
    for table, count in env.cr.fetchall():
        found[kinds[table]] += count
    return {kind: count for kind, count in found.items() if count}


def _columns(env):
    columns = env["base.partner.merge.automatic.wizard"]._get_fk_on("res_partner")
    return [pair for pair in columns if pair not in _ITS_OWN]


def _count(partner, table, column):
    own = SQL("FALSE")
    if table in _OWN_ROWS:
        model, number = map(SQL.identifier, _OWN_ROWS[table])
        own = SQL("(%s = 'res.partner' AND %s = %s)", model, number, partner.id)
    return SQL(
        "SELECT %s, count(*) FROM %s WHERE %s = %s AND %s IS NOT TRUE",
        table,
        SQL.identifier(table),
        SQL.identifier(column),
        partner.id,
        own,
    )


def _kinds(env):
    """What rows of a table are called; without those of dialogs, which last an hour."""
    kinds = {}
    for name, model in env.registry.models.items():
        if model._abstract or model._transient or not model._auto:
            continue
        told = _kind(env, name)
        for field in model._fields.values():
            if field.type == "many2many" and field.store and field.relation:
                kinds.setdefault(field.relation, told)
        kinds[model._table] = told
    return kinds


def _chatter(partner):
    """What people and mail have left on the contact itself."""
    env = partner.env
    its = [("res_id", "=", partner.id)]
    lines = [("model", "=", "res.partner"), ("message_type", "not in", ("notification", "auto"))]
    return {
        _kind(env, "mail.message"): env["mail.message"].sudo().search_count([*its, *lines]),
        _kind(env, "mail.activity"): env["mail.activity"]
        .sudo()
        .search_count([*its, ("res_model", "=", "res.partner")]),
        _kind(env, "mailbox.link"): env["mailbox.link"]
        .sudo()
        .search_count([*its, ("model", "=", "res.partner")]),
        _kind(env, "mailbox.route"): env["mailbox.route"]
        .sudo()
        .with_context(active_test=False)
        .search_count([("record_ref", "=", f"res.partner,{partner.id}")]),
    }


def _kind(env, model):
    return env["ir.model"]._get(model).name
