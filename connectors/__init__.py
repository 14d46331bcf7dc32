"""Sector connectors: one folder for each system, found by name."""
