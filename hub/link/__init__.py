"""Linking: which subject a record means. Deterministic rules as values, rendered to set-based SQL, applied as a difference."""
