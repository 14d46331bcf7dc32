"""From a request to its answer: parse, check, plan, permit, read."""
