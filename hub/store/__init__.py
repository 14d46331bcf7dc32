"""The store: PostgreSQL, its embedded server, migrations, runs and quarantine."""
