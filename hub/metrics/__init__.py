"""Metrics: what operators watch, on a port of its own. The parts of the hub count; this reads them when Prometheus asks."""
