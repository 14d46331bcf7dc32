"""Jobs: queued and scheduled work, run by procrastinate in the hub's own PostgreSQL (SQL schema `jobs`)."""
