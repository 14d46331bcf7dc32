"""SQL: tables and views of any database that SQLAlchemy supports."""
