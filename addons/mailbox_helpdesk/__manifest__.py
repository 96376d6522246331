{
    "name": "Mailbox Helpdesk",
    "summary": "Mail becomes tickets",
    "version": "19.0.0.1.0",
    "category": "After-Sales",
    "author": "Mailbox for Odoo contributors",
    "website": "https://github.com/mailbox-for-odoo/mailbox",
    "license": "AGPL-3",
    "development_status": "Beta",
    "depends": ["mailbox_sync", "helpdesk_mgmt"],
    "auto_install": True,
    "data": ["views/mailbox_route_views.xml"],
}
