"""Lists without bin and junk, as mail programs have them, unless somebody asks for a folder."""

from odoo import api, models
from odoo.fields import Domain

#: What lies in these folders is shown only when they are asked for.
_ASIDE = ("trash", "junk")
#: The context key of lists that follow this; the search filter "Bin and junk, too" takes it away.
_KEY = "mailbox_aside"


class MailboxMessage(models.Model):
    _inherit = "mailbox.message"

    @api.model
    def web_search_read(self, domain, *args, **kwargs):
        """A list of mail leaves out what was thrown away."""
        return super().web_search_read(self._set_aside(domain), *args, **kwargs)

    @api.model
    def web_read_group(self, domain, groupby, *args, **kwargs):
        """So does a grouped one, unless it is grouped by folder."""
        if not any(name.startswith("folder_ids") for name in groupby):
            domain = self._set_aside(domain)
        return super().web_read_group(domain, groupby, *args, **kwargs)

    def _set_aside(self, domain):
        """The domain without bin and junk, where the list wants that and names no folder."""
        domain = Domain(domain)
        named = any(one.field_expr.startswith("folder_ids") for one in domain.iter_conditions())
        if named or not self.env.context.get(_KEY):
            return domain
        folders = self.env["mailbox.folder"].search([("role", "in", _ASIDE)])
        return domain & Domain("folder_ids", "not in", folders.ids) if folders else domain
