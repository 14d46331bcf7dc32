"""Connections to PostgreSQL: opening, logins, pools, reads prepared over libpq, and ends for silent ones."""
