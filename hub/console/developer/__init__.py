"""Pages for developers of clients: where to start, and the schema."""
