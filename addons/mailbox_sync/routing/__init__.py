"""From a stored mail to a record: facts, existing conversations, the plan, what is done."""
