"""The table of the shared quota budget; see ``engine/quota.py``."""

from odoo import fields, models


class MailboxBucket(models.Model):
    _name = "mailbox.bucket"
    _description = "Mailbox Quota Bucket"
    _auto = False
    _rec_name = "key"
    _log_access = False

    key = fields.Char(readonly=True)
    tokens = fields.Float(readonly=True)
    spent = fields.Integer(readonly=True, help="Units of the current quota day.")

    def init(self):
        # Unlogged: written with every call to a provider, and worthless after a crash.
        self.env.cr.execute(
            """CREATE UNLOGGED TABLE IF NOT EXISTS mailbox_bucket (
                   id serial PRIMARY KEY,
                   key varchar NOT NULL UNIQUE,
                   tokens float8,
                   at float8 NOT NULL DEFAULT 0,
                   day int4 NOT NULL DEFAULT 0,
                   spent int8 NOT NULL DEFAULT 0,
                   silent_until float8 NOT NULL DEFAULT 0
               )"""
        )
