"""Guards: what a run must not do unasked. Request limits protect the source, change limits protect the store."""
