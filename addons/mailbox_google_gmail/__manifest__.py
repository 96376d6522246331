{
    "name": "Mailbox Google Gmail",
    "summary": "An honest token status on Odoo's own Gmail servers",
    "version": "19.0.0.1.0",
    "category": "Productivity/Discuss",
    "author": "Mailbox for Odoo contributors",
    "website": "https://github.com/mailbox-for-odoo/mailbox",
    "license": "LGPL-3",
    "development_status": "Beta",
    "depends": ["mailbox_sync", "google_gmail"],
    "auto_install": True,
    "data": [
        "views/fetchmail_server_views.xml",
        "views/ir_mail_server_views.xml",
    ],
}
