"""Worlds: for each kind of source a system that serves the samples as the manifest says, and misbehaves when told."""
