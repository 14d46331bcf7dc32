"""Commands on the schema and on operations."""
