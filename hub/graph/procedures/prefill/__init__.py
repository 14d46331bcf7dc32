"""Prefill: the documents of a procedure read, stale records looked up, and the requirements answered in types of the graph."""
