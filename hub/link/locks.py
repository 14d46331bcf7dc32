"""The advisory locks of linking, and how long each is held."""

RUN = 7_022_002
"""One run at a time, for as long as it takes: two at once would each undo the other's difference."""

WRITE = 7_022_003
"""Held by the transactions that write links: those of a run, one for each field, and those of a person's decision."""
