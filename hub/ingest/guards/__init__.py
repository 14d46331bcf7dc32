"""Guards: what a run must not do without asking. Request limits protect the source; change limits protect the store."""
