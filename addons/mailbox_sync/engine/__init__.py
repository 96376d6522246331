"""Drives the sync machine of the core over Odoo records: one step, one page, one transaction."""
