"""Jobs: what is queued, scheduled and worked off, in the hub's own PostgreSQL, by procrastinate, in the SQL schema `jobs`."""
