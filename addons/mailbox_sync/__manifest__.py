{
    "name": "Mailbox Sync",
    "summary": "Keep real mailboxes in Odoo, complete and private",
    "version": "19.0.0.1.0",
    "category": "Productivity/Discuss",
    "author": "Mailbox for Odoo contributors",
    "website": "https://github.com/mailbox-for-odoo/mailbox",
    "license": "LGPL-3",
    "development_status": "Beta",
    "application": True,
    "depends": ["mail", "queue_job"],
    "external_dependencies": {"python": ["mailbox-core>=0.1.0"]},
    "data": [
        "security/mailbox_groups.xml",
        "security/ir.model.access.csv",
        "data/queue_job_channel_data.xml",
        "data/queue_job_function_data.xml",
    ],
}
