"""What the owner wants copied, in the words of the core; and the folders it is copied from."""

from dataclasses import replace
from datetime import datetime, time, timezone

from odoo import models

from mailbox_core.errors import ProviderError
from mailbox_core.net.quota import QuotaProfile
from mailbox_core.types import Scope

from .. import conf, jobs
from ..engine.quota import PostgresBudget
from ..mapping import folder_values

#: Settings that decide what is in scope: a change makes the provider's list be read again.
_SCOPE_FIELDS = {"sync_since", "folder_policy", "exclude_query", "max_message_mb"}
_MEGABYTE = 1024 * 1024
#: For providers that publish no limits.
_UNLIMITED = QuotaProfile(None, None, None)


class Mailbox(models.Model):
    _inherit = "mailbox"

    def write(self, vals):
        result = super().write(vals)
        if _SCOPE_FIELDS & vals.keys():
            self.sudo().stream_ids._rescan()
        return result

    # -- settings in the core's words ----------------------------------------------------------

    def _scope(self):
        """What shall be copied. Attachments that are not wanted at once stay at the provider."""
        self.ensure_one()
        since = self.sync_since
        selected = ()
        if self.folder_policy == "selected":
            selected = self.folder_ids.filtered("synced").mapped("remote_id")
        junk = frozenset({"junk"}) if self.folder_policy == "default" else frozenset()
        return Scope(
            since=datetime.combine(since, time.min, timezone.utc) if since else None,
            folders=frozenset(selected) if self.folder_policy == "selected" else None,
            skip_roles=junk,
            exclude=self.exclude_query or "",
            max_message_bytes=_bytes(self.max_message_mb),
            max_attachment_bytes=_bytes(self.max_attachment_mb),
        )

    def _fetch_depth(self):
        """How much of a message comes at once."""
        return "raw" if self.attachment_policy == "now" else "text"

    def _provider_settings(self):
        return {**super()._provider_settings(), "quota": self.quota_profile or ""}

    def _quota_profile(self):
        """The limits of the mailbox's quota profile; without a name, the strictest the provider
        has. Whoever got more from the provider says so in ``quota_units_per_minute`` (units a
        minute and mailbox) of section [mailbox]."""
        profiles = self._spec().quota_profiles
        strictest = min(profiles.values(), key=_strictness, default=_UNLIMITED)
        profile = profiles.get(self.quota_profile or "", strictest)
        granted = conf.option("quota_units_per_minute")
        if profile.units_per_minute_user and granted.isdecimal() and int(granted) > 0:
            profile = replace(profile, units_per_minute_user=int(granted))
        return profile

    def _budget(self):
        """The units this mailbox may spend, shared with all workers. One object a transaction, so
        that the run can tell what it spent."""
        self.ensure_one()
        cache = self.env.cr.cache.setdefault("mailbox_budgets", {})
        if self.id not in cache:
            project = f"{self.provider}:{self.client_id or self.company_id.id}"
            key = f"mailbox:{self.id}"
            cache[self.id] = PostgresBudget(self.env.cr.dbname, key, project, self._quota_profile())
        return cache[self.id]

    # -- folders -------------------------------------------------------------------------------

    def _write_folders(self, folders):
        """Bring the folder rows up to the provider's list. A folder that still holds messages stays
        until their placements have ended."""
        self.ensure_one()
        rows = {row.remote_id: row for row in self.folder_ids}
        skipped = self._scope().skip_roles
        for folder in folders:
            values = folder_values(folder)
            parent = rows.get(folder.parent_id)
            values["parent_id"] = parent.id if parent else False
            row = rows.get(folder.remote_id)
            if row is None:
                values |= {"mailbox_id": self.id, "synced": folder.role not in skipped}
                rows[folder.remote_id] = self.env["mailbox.folder"].create(values)
            else:
                changed = {
                    name: value for name, value in values.items() if _differs(row, name, value)
                }
                if changed:
                    row.write(changed)
        listed = {folder.remote_id for folder in folders}
        ended = self.folder_ids.filtered(lambda row: row.remote_id not in listed)
        used = self.env["mailbox.placement"]._read_group(
            [("folder_id", "in", ended.ids)], ["folder_id"]
        )
        (ended - self.env["mailbox.folder"].union(*(folder for (folder,) in used))).unlink()
        self.env.flush_all()

    def _refresh_folders_soon(self):
        """Ask for the folder list in a job of its own."""
        for mailbox in self:
            jobs.enqueue(mailbox, jobs.CARE, f"folders:{mailbox.id}")._job_refresh_folders()

    def _job_refresh_folders(self):
        """Job: read the folder list. Expected trouble is left to the next refresh."""
        self.ensure_one()
        if self._is_asleep():
            return "asleep"
        try:
            folders = self._provider("new").folders()
        except ProviderError as error:
            return f"{type(error).__name__}: {error.detail}"
        self._write_folders(folders)
        return f"{len(folders)} folders"


class MailboxFolder(models.Model):
    _inherit = "mailbox.folder"

    def write(self, vals):
        result = super().write(vals)
        if "synced" in vals:
            chosen = self.mailbox_id.filtered(lambda mailbox: mailbox.folder_policy == "selected")
            chosen.sudo().stream_ids._rescan()
        return result


def _bytes(megabytes):
    return int(megabytes * _MEGABYTE) if megabytes else None


def _differs(row, name, value):
    held = row[name]
    return (held.id if name == "parent_id" else held) != value


def _strictness(profile):
    limit = profile.units_per_minute_user
    return float("inf") if limit is None else limit
