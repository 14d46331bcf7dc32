"""Quarantine: rejected rows with their reasons, corrections of them, and replay."""
