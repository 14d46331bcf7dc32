"""Backups by PostgreSQL's own pg_dump and pg_restore, with what is needed to see that one is whole and was restored whole."""
