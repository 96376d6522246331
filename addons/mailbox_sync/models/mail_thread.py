"""Tells routing which lines its mails became, and lets answers to Odoo's mail come to a mailbox."""

from odoo import api, models
from odoo.tools import email_normalize, formataddr

from mailbox_core.rules import clues

from ..routing import together
from ..routing.clues import answer_key
from ..routing.gateway import POSTED
from ..routing.process import handed_in, is_gateways
from ..routing.threads import Line


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    def _message_compute_parent_id(self, parent_id):
        if parent_id or not together.shares():
            return super()._message_compute_parent_id(parent_id)

        def ask(ids):
            domain = [("model", "=", self._name), ("res_id", "in", ids)]
            found = self.env["mail.message"].sudo()._read_group(domain, ["res_id"])
            having = {id_ for (id_,) in found}
            return [id_ in having for id_ in ids]

        # Records that were just made have no lines, thus none that this one could follow.
        if not together.step(self, "lines", self.id, ask):
            return False
        return super()._message_compute_parent_id(parent_id)

    def _message_create(self, values_list):
        make = super()._message_create
        if len(values_list) != 1 or not is_gateways(make):
            return make(values_list)
        return together.step(self, "_message_create", values_list[0], make)

    @api.model
    def message_parse(self, message, save_original=False):
        handed = handed_in(self.env)
        values = handed and handed.values()
        return values or super().message_parse(message, save_original=save_original)

    @api.model
    def message_route(self, message, message_dict, model=None, thread_id=None, custom_values=None):
        handed = handed_in(self.env)
        routes = handed and handed.routes()
        return routes or super().message_route(
            message, message_dict, model, thread_id, custom_values
        )

    def _message_post_after_hook(self, message, msg_values):
        result = super()._message_post_after_hook(message, msg_values)
        posted = self.env.context.get(POSTED)
        if isinstance(posted, list):
            posted.append(Line(message.message_id, message.id, self._name, self.id))
        return result

    def _notify_by_email_get_base_mail_values(
        self, message, recipients_data, additional_values=None
    ):
        values = super()._notify_by_email_get_base_mail_values(
            message, recipients_data, additional_values=additional_values
        )
        company = message.sudo().record_company_id or self.env.company
        mailbox = self.env["mailbox"].sudo()._for_answers(company)
        if mailbox and message.model and message.res_id and not message.reply_to_force_new:
            base = email_normalize(mailbox.address) or mailbox.address
            address = clues.sign_address(base, message.id, answer_key(mailbox))
            values["reply_to"] = formataddr((company.name, address))
        return values
