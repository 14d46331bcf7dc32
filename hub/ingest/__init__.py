"""Ingest: find connectors, read, transform, write and quarantine their records. Columnar (Polars) up to the store,
set-based SQL within it.
"""
