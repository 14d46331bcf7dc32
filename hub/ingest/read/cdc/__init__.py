"""CDC: stream the changes of a PostgreSQL table through logical decoding."""
