"""Procedures: what the state asks a citizen for, and how much of it the graph already answers."""
