{
    "name": "Mailbox Project",
    "summary": "Mail becomes tasks",
    "version": "19.0.0.1.0",
    "category": "Services/Project",
    "author": "Mailbox for Odoo contributors",
    "website": "https://github.com/mailbox-for-odoo/mailbox",
    "license": "LGPL-3",
    "development_status": "Beta",
    "depends": ["mailbox_sync", "project"],
    "auto_install": True,
    "data": ["views/mailbox_route_views.xml"],
}
