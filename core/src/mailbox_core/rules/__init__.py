"""Rules as data: what a mail is asked (``syntax``), the answer (``evaluate``), and why
(``explain``).

``facts`` is what may be asked about; ``stages`` are the questions that come before any rule.
"""
