"""`make demo`: a whole installation on this machine, with mail in it and more arriving."""
