"""Write: stage the rows of a run in temporary tables and merge them into the store, set-based."""
