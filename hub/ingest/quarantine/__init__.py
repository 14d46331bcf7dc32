"""Quarantine: rejected rows with their reasons, and replay after a correction."""
