"""The review queue: what waits for a person, in which order, and what the person is shown."""
