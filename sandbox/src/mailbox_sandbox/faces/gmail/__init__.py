"""The Gmail API, version 1."""
