"""The inventory of aliases: where each leads, whose it is, when it was used, what is in its way."""

from datetime import timedelta

from odoo import api, fields, models

#: The time of the last use is kept this coarse: more would make mails that arrive together wait
#: for each other.
_COARSE = timedelta(hours=1)
#: Which mailboxes are connected is not for everybody.
_READERS = "mailbox_sync.group_manager"


class MailAlias(models.Model):
    _inherit = "mail.alias"

    mailbox_used_at = fields.Datetime(
        string="Last used", readonly=True, copy=False, groups=_READERS
    )
    mailbox_target = fields.Char(
        string="Leads to", compute="_compute_mailbox_inventory", groups=_READERS
    )
    mailbox_owner = fields.Char(
        string="Belongs to", compute="_compute_mailbox_inventory", groups=_READERS
    )
    mailbox_ways = fields.Char(
        string="Comes in through", compute="_compute_mailbox_health", groups=_READERS
    )
    mailbox_trouble = fields.Char(
        string="Trouble", compute="_compute_mailbox_health", groups=_READERS
    )

    def _compute_mailbox_inventory(self):
        models_ = self.env["ir.model"]
        for alias in self:
            kind = alias.alias_model_id.sudo().name or ""
            told = self.env._("new: %s", kind)
            if alias.alias_force_thread_id:
                model = alias.alias_model_id.sudo().model
                told = _name(self.env, model, alias.alias_force_thread_id, kind)
            alias.mailbox_target = told
            owner = alias.alias_parent_model_id.sudo().model
            kind = models_._get(owner).name if owner else ""
            alias.mailbox_owner = owner and _name(
                self.env, owner, alias.alias_parent_thread_id, kind
            )

    def _compute_mailbox_health(self):
        ways = _Ways(self.env)
        for alias in self:
            alias.mailbox_ways = ", ".join(ways.of(alias)) or False
            alias.mailbox_trouble = " ".join(alias._mailbox_troubles(ways)) or False

    def _mailbox_troubles(self, ways):
        """What keeps mail from its target, in words."""
        address = alias_address(self)
        found = []
        if not self.alias_name:
            return [self.env._("It has no name, so nobody can write to it.")]
        if not self.alias_domain_id and not self.alias_incoming_local:
            found.append(self.env._("It has no domain."))
        found += self._mailbox_way_troubles(ways, address)
        if self.alias_status == "invalid":
            found.append(
                self.env._("The last mail could not be delivered: see its default values.")
            )
        if address and ways.has_user(address):
            found.append(self.env._("A user has this address, too: notifications may come back."))
        if rules := ways.rules_before(address):
            found.append(self.env._("A rule acts first: %s.", ", ".join(rules)))
        return found

    def _mailbox_way_troubles(self, ways, address):
        """What keeps its mail from coming in, and then from the record it shall go to."""
        found = []
        if ways.stays_in(address):
            found.append(
                self.env._(
                    "The mailbox %s is connected, but keeps its mail: let the rules of the company"
                    " act there.",
                    address,
                )
            )
        elif not ways.of(self):
            found.append(
                self.env._("No connected mailbox and no incoming server takes mail for it.")
            )
        model = self.alias_model_id.sudo().model
        thread_id = self.alias_force_thread_id
        if thread_id and model in self.env and not self.env[model].browse(thread_id).exists():
            found.append(self.env._("The record it leads to is gone: mail opens a new one."))
        return found


class MailAliasDomain(models.Model):
    _inherit = "mail.alias.domain"

    mailbox_ways = fields.Char(
        string="Replies come in through", compute="_compute_mailbox_health", groups=_READERS
    )
    mailbox_bounced_at = fields.Datetime(
        string="Last delivery report", compute="_compute_mailbox_health", groups=_READERS
    )
    mailbox_trouble = fields.Char(
        string="Trouble", compute="_compute_mailbox_health", groups=_READERS
    )

    def _compute_mailbox_health(self):
        ways = _Ways(self.env)
        for domain in self:
            into = ways.of_domain(domain.name)
            domain.mailbox_ways = ", ".join(into) or False
            domain.mailbox_bounced_at = ways.bounced_at(domain.name)
            domain.mailbox_trouble = " ".join(domain._mailbox_troubles(into)) or False

    def _mailbox_troubles(self, into):
        found = []
        if not into:
            found.append(
                self.env._(
                    "Replies to %(catchall)s and delivery reports to %(bounce)s do not come back"
                    " here: connect a mailbox of this domain or set up an incoming server.",
                    catchall=self.catchall_email,
                    bounce=self.bounce_email,
                )
            )
        if not self.company_ids:
            found.append(self.env._("No company sends with it."))
        return found


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def _message_route_process(self, message, message_dict, routes):
        """Whichever way a mail came in, its aliases were used now."""
        result = super()._message_route_process(message, message_dict, routes)
        now = fields.Datetime.now()
        for *_, alias in routes or ():
            known = alias and alias.sudo().mailbox_used_at
            if alias and (not known or known < now - _COARSE):
                alias.sudo().mailbox_used_at = now
        return result


class _Ways:
    """How mail comes in, asked once for a whole list, however long it is. As superuser, but without
    telling who owns a mailbox."""

    def __init__(self, env):
        self.env = env
        connected = env["mailbox"].sudo().search([("address", "!=", False)])
        serving = connected.filtered(lambda one: one.routing == "company")
        self._mailboxes = [one.lower() for one in serving.mapped("address")]
        self._keeping = {one.lower() for one in (connected - serving).mapped("address")}
        servers = env["fetchmail.server"].sudo().search([("state", "=", "done")])
        self._servers = servers.mapped("name")
        self._routes = env["mailbox.route"].sudo().search([("mailbox_id", "=", False)])
        staff = (
            env["res.users"]
            .sudo()
            .search_fetch(
                [("share", "=", False), ("email_normalized", "!=", False)], ["email_normalized"]
            )
        )
        self._staff = set(staff.mapped("email_normalized"))
        self._reports = (
            env["mailbox.decision"]
            .sudo()
            ._read_group([("reason", "=", "bounce")], ["mailbox_id"], ["create_date:max"])
        )

    def of(self, alias):
        """Names of what takes mail for an alias."""
        address = alias_address(alias)
        domain = address.rpartition("@")[2]
        same = [one for one in self._mailboxes if one == address]
        near = [one for one in self._mailboxes if one.rpartition("@")[2] == domain]
        return [*(same or near), *self._servers]

    def of_domain(self, name):
        """Names of what takes mail for the catchall and bounce addresses of a domain."""
        return [one for one in self._mailboxes if one.rpartition("@")[2] == name] + self._servers

    def has_user(self, address):
        """Whether somebody who works here has the address."""
        return address in self._staff

    def stays_in(self, address):
        """Whether the mailbox of this very address is connected, but no alias gets its mail."""
        return address in self._keeping and not self._servers

    def bounced_at(self, name):
        """When the mailboxes of a domain got the last delivery report; False: never."""
        times = [
            at
            for mailbox, at in self._reports
            if (mailbox.address or "").lower().rpartition("@")[2] == name
        ]
        return max(times, default=False)

    def rules_before(self, address):
        """Names of rules of the company that ask for mail to this address."""
        quoted = f'"{address}"'
        return [one.name for one in self._routes if address and quoted in (one.condition or "")]


def alias_address(alias):
    """The whole address of an alias, in lower case; empty without one."""
    return (alias.alias_full_name or "").lower() if alias.alias_domain_id else ""


def _name(env, model, res_id, kind):
    """Kind and name of a record for those who may see it, else the kind."""
    record = env[model].browse(res_id).exists() if model in env and res_id else None
    if record and record.has_access("read"):
        return f"{kind}: {record.display_name}"
    return kind
