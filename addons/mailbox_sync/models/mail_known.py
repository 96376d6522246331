"""Odoo's posting of mail, with answers that are at hand while a batch is routed
(``routing/known.py``). Without such a batch in the context everything is Odoo's."""

from odoo import SUPERUSER_ID, api, fields, models

from ..routing import known, together

_DEFAULT = "mailbox default"


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    def _message_compute_parent_id(self, parent_id):
        batch = known.of(self.env)
        if batch and batch.is_parent(parent_id, self):
            return parent_id
        return super()._message_compute_parent_id(parent_id)

    def _message_compute_real_author(self, author_id):
        batch = known.of(self.env)
        if not batch:
            return super()._message_compute_real_author(author_id)
        ask = super()._message_compute_real_author
        found = batch.answer(self.env, ("author", author_id), lambda: ask(author_id))
        return found.with_env(self.env)

    def _mail_get_alias_domains(self, default_company=False):
        batch = known.of(self.env)
        if not batch or not self:
            return super()._mail_get_alias_domains(default_company=default_company)

        def ask(every):
            return super()._mail_get_alias_domains(default_company=default_company)

        return batch.answers(self, ("domain", default_company and default_company.id), ask)

    def _notify_get_reply_to_batch(self, defaults=None, author_ids=None):
        batch = known.of(self.env)
        if not batch or not self or defaults is None or set(defaults) != set(self.ids):
            return super()._notify_get_reply_to_batch(defaults=defaults, author_ids=author_ids)

        def ask(every):
            """Whether answers go to the default: neither alias nor catchall is there."""
            found = super()._notify_get_reply_to_batch(defaults=dict.fromkeys(every.ids, _DEFAULT))
            return {one.id: found[one.id] == _DEFAULT for one in every}

        if all(batch.answers(self, ("reply",), ask).values()):
            return dict(defaults)
        return super()._notify_get_reply_to_batch(defaults=defaults, author_ids=author_ids)


class MailFollowers(models.Model):
    _inherit = "mail.followers"

    def _get_recipient_data(self, records, message_type, subtype_id, pids=None):
        batch = known.of(self.env)
        if not batch or pids or not records or not subtype_id:
            return super()._get_recipient_data(records, message_type, subtype_id, pids)
        ask = super()._get_recipient_data
        found = batch.answers(
            records,
            ("followers", message_type, subtype_id),
            lambda every: ask(every, message_type, subtype_id, pids),
        )
        return {id_: {pid: dict(one) for pid, one in some.items()} for id_, some in found.items()}

    @api.model_create_multi
    def create(self, vals_list):
        known.note_change(self.env)
        return super().create(vals_list)

    def write(self, vals):
        known.note_change(self.env)
        return super().write(vals)

    def unlink(self):
        known.note_change(self.env)
        return super().unlink()


class ResPartner(models.Model):
    _inherit = "res.partner"

    def exists(self):
        """Odoo asks for each mail whether the contact of OdooBot is there (``env.ref``)."""
        batch = known.of(self.env)
        if not batch or len(self) != 1 or not self.id:
            return super().exists()
        found = batch.answer(self.env, ("contact", self.id), super().exists)
        return found.with_env(self.env)


class ResUsers(models.Model):
    _inherit = "res.users"

    def exists(self):
        """As for contacts; OdooBot cannot be deleted (``_unlink_except_master_data``)."""
        if known.of(self.env) and self._ids == (SUPERUSER_ID,):
            return self
        return super().exists()


class _Body(fields.Html):
    """A field that does not sanitise again what was sanitised for it a moment ago."""

    def _convert(self, value, record, validate):
        batch = validate and value and known.of(record.env)
        if batch and batch.is_clean(value):
            return value
        return super()._convert(value, record, validate)


class MailMessage(models.Model):
    _inherit = "mail.message"

    body = _Body()

    def _register_hook(self):
        super()._register_hook()
        together.hook(type(self))
