"""Run: sync connectors, stream by stream, and keep the record of each run."""
