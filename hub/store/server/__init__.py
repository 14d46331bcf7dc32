"""The embedded PostgreSQL server: where it is, how it starts, and how several processes share it."""
