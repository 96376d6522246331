from . import google_gmail_mixin
