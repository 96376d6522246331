"""What the end-to-end tests stand on: real processes that can be killed, and a check of every invariant."""
