"""What the end-to-end tests stand on: processes to kill, and a check of every invariant."""
