"""Development tooling: sets up Odoo 19 and PostgreSQL, runs them, and runs the tests."""
