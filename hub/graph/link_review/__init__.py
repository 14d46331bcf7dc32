"""Links and their review in the graph."""
