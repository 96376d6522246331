"""The order of rules, which people change by dragging them."""

from odoo import models


class MailboxRoute(models.Model):
    _inherit = "mailbox.route"

    def web_resequence(self, specification, field_name="sequence", offset=0):
        """Give these rules the order in which they are given, as Odoo's lists ask for it.

        Who may change only some of them puts these between the others: all rules are numbered
        anew then, and nobody else's change their order. Raises AccessError for others' rules that
        were dragged.
        """
        mine = self.filtered("may_change")
        others = self - mine
        if field_name != "sequence" or not others:
            return super().web_resequence(specification, field_name, offset)
        if others.ids != others.sorted(lambda one: (one.sequence, one.id)).ids:
            others._check_may_change()
        mine.check_access("write")
        self._put_in_place(mine)
        return self.web_read(specification)

    def _put_in_place(self, mine):
        """Number all rules anew, with ``mine`` at the places that they have among ``self``."""
        # There are tens of rules, not thousands.
        rules = self.sudo().with_context(active_test=False)
        every = rules.search([])  # pylint: disable=no-search-all
        order = [one.id for one in every if one.id not in mine.ids]
        before = None
        for rule in self:
            if rule in mine:
                place = order.index(before) + 1 if before else self._first_place(order)
                order.insert(place, rule.id)
            before = rule.id
        for place, rule in enumerate(self.sudo().browse(order), start=1):
            if rule.sequence != 10 * place:
                rule.sequence = 10 * place

    def _first_place(self, order):
        """The place before all of these rules that have one already."""
        return min(order.index(rule.id) for rule in self if rule.id in order)
