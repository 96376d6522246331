{
    "name": "Mailbox CRM",
    "summary": "Mail becomes leads and opportunities",
    "version": "19.0.0.1.0",
    "category": "Sales/CRM",
    "author": "Mailbox for Odoo contributors",
    "website": "https://github.com/mailbox-for-odoo/mailbox",
    "license": "LGPL-3",
    "development_status": "Beta",
    "depends": ["mailbox_sync", "crm"],
    "external_dependencies": {"python": ["phonenumbers>=8.13,<10"]},
    "auto_install": True,
    "data": ["views/mailbox_route_views.xml"],
}
