"""Measures the product against the gates of its budgets and against peers, in one run.

Usage: make bench [QUICK=1] [ROWS=A1,A3] [OUT=file.json] [MAILS=n] [ROUNDS=n] [MAILBOXES=n] …
"""
