"""Servers that a connector is tried against: simulated sources, and a proxy that makes faults."""
