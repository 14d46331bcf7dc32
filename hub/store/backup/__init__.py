"""Backups by PostgreSQL's own pg_dump and pg_restore, with the digests and counts that show whether one is complete and was restored completely."""
