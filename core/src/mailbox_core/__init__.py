"""Mail providers, sync machine and MIME, without a framework."""
