"""The ledger in the graph: reads written down before the answer leaves, and logs to read."""
