"""What the engine writes, set by set: the raw store and the rows of one page."""
