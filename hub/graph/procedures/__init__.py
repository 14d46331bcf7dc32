"""Procedures in the graph: prefill, live refresh, snapshots, receipts, corrections."""
