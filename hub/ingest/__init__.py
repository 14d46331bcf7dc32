"""Ingest: discover → read → map → check → stage → merge, columnar in Polars up to the store, set-based within it."""
