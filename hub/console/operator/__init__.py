"""The operator's pages: a tile for each source, runs, and what waits for a person."""
