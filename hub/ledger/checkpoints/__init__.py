"""Checkpoints: signed statements of where every chain stood, each with the hash of the one before it."""
