"""Run: sync connectors, stream by stream, and record each run."""
