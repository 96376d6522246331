"""What people do with messages: local at once, at the provider soon after."""

from collections import defaultdict

from odoo import models
from odoo.exceptions import AccessError, UserError

from .. import jobs, mapping


class MailboxMessage(models.Model):
    _inherit = "mailbox.message"

    # -- buttons and calls of the screens ------------------------------------------------------

    def action_set_seen(self, seen=True):
        """Mark as read or unread."""
        self._check_editor()
        self.sudo()._set_flags({"seen": bool(seen)})

    def action_set_flagged(self, flagged=True):
        """Star or unstar."""
        self._check_editor()
        self.sudo()._set_flags({"flagged": bool(flagged)})

    def action_archive(self):
        """Out of the inbox, nowhere else."""
        self._check_editor()
        self.sudo()._archive_remote()

    def action_trash(self):
        """Into the trash."""
        self._check_editor()
        self.sudo()._move_to("trash", ("inbox", "junk"))

    def action_move(self, folder_id):
        """Into a folder of the same mailbox; where messages carry labels, in addition to those."""
        self._check_editor()
        folder = self.env["mailbox.folder"].browse(folder_id)
        if folder.mailbox_id != self.mailbox_id:
            raise UserError(self.env._("Choose a folder of the same mailbox."))
        self.sudo()._replace(folder.sudo(), self.env["mailbox.folder"])

    def action_retry(self):
        """Try to fetch quarantined messages again, now."""
        self._check_editor()
        self.sudo()._retry()

    def _check_editor(self):
        """Raises AccessError unless the person may change these messages, at the provider as
        well."""
        self.check_access("read")
        if self.env.su:
            return
        for mailbox in self.mailbox_id:
            if not mailbox._is_editor():
                raise AccessError(
                    self.env._("You may read %s but not change it.", mailbox.display_name)
                )
            if mailbox.sudo().scope_profile == "read":
                raise UserError(
                    self.env._(
                        "%s was connected for reading only; reconnect it as two-way.",
                        mailbox.display_name,
                    )
                )

    # -- local change and command --------------------------------------------------------------

    def _set_flags(self, wanted):
        """Bring flags to the wanted values, here now and at the provider soon."""
        for mailbox, messages in self._by_mailbox():
            changed = self.browse()
            for flag, value in wanted.items():
                column = mapping.FLAG_COLUMNS[flag]
                differing = messages.filtered(
                    lambda row, name=column, want=value: row[name] != want
                )
                if flag == "seen":
                    differing._count_unread(-1 if value else 1)
                differing.write({column: value})
                changed |= differing
            if changed:
                self.env["mailbox.command"]._give(
                    mailbox,
                    "flags",
                    changed,
                    set={flag for flag, value in wanted.items() if value},
                    clear={flag for flag, value in wanted.items() if not value},
                )
                mailbox._notify_rows(changed)

    def _archive_remote(self):
        """Leave the inbox; where a message has one folder, for the archive."""
        for mailbox, messages in self._by_mailbox():
            folders = mailbox.folder_ids
            inbox = folders.filtered(lambda row: row.role == "inbox")
            archive = folders.filtered(lambda row: row.role in ("archive", "all"))
            labels = mailbox._has_labels()
            if not labels and not archive:
                raise UserError(self.env._("%s has no archive folder.", mailbox.display_name))
            inside = messages.filtered(lambda row, box=inbox: box & row.folder_ids)
            inside._replace(archive.browse() if labels else archive[:1], inbox)

    def _move_to(self, role, from_roles):
        for mailbox, messages in self._by_mailbox():
            target = mailbox.folder_ids.filtered(lambda row: row.role == role)[:1]
            if not target:
                raise UserError(self.env._("%s has no such folder.", mailbox.display_name))
            left = mailbox.folder_ids.filtered(lambda row: row.role in from_roles)
            messages._replace(target, left)

    def _replace(self, added, removed):
        """Change placements here now and at the provider soon."""
        if not self:
            return
        mailbox = self.mailbox_id
        if not mailbox._has_labels():
            removed = self.folder_ids - added
        placements = self.placement_ids
        leaving = placements.filtered(lambda row: row.folder_id in removed)
        held = {(row.message_id, row.folder_id) for row in placements}
        entering = [(row, folder) for row in self for folder in added if (row, folder) not in held]
        leaving._count(-1)
        leaving.unlink()
        self.env["mailbox.placement"].create(
            [
                {
                    "message_id": row.id,
                    "folder_id": folder.id,
                    "mailbox_id": mailbox.id,
                    "date": row.date,
                    "generation": row.generation,
                }
                for row, folder in entering
            ]
        )._count(1)
        self.env["mailbox.command"]._give(
            mailbox,
            "place",
            self,
            add=set(added.mapped("remote_id")),
            remove=set(removed.mapped("remote_id")) if mailbox._has_labels() else set(),
        )
        mailbox._notify_rows(self)

    def _count_unread(self, sign):
        """Note the change for the folders and conversations of stored messages."""
        shown = self.filtered(lambda row: row.disposition == "stored")
        shown.placement_ids._note_counts(0, sign)
        unread = defaultdict(int)
        for row in shown:
            unread[row.conversation_id] += sign
        for conversation, delta in unread.items():
            if conversation:
                conversation.unread_count += delta

    def _by_mailbox(self):
        for mailbox in self.mailbox_id:
            yield mailbox, self.filtered(lambda row, held=mailbox: row.mailbox_id == held)

    def _retry(self):
        """Quarantined messages wait for a fetch again. Attempts are kept, so that the waits still
        grow."""
        again = self.filtered(lambda row: row.disposition == "quarantined")
        for mailbox, messages in again._by_mailbox():
            messages.write(
                {
                    "disposition": "listed",
                    "disposition_reason": False,
                    "retry_at": False,
                    "lane": "new",
                }
            )
            mailbox._shift("quarantined", "listed", len(messages))
        for stream in again.stream_id:
            jobs.wake(stream, "new")


class MailboxPlacement(models.Model):
    _inherit = "mailbox.placement"

    def _count(self, sign):
        """Note messages that enter (1) or leave (-1) their folder."""
        shown = self.filtered(lambda row: row.message_id.disposition == "stored")
        unread = shown.filtered(lambda row: not row.message_id.is_seen)
        unread._note_counts(sign, sign)
        (shown - unread)._note_counts(sign, 0)

    def _note_counts(self, messages, unread):
        """Leave differences for the next page to fold in; the folder's row itself is not
        touched."""
        totals = defaultdict(int)
        for row in self:
            totals[row.folder_id.id] += 1
        self.env["mailbox.counter"].create(
            [
                {"folder_id": folder, "messages": messages * count, "unread": unread * count}
                for folder, count in totals.items()
            ]
        )
