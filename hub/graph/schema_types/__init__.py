"""Types of the Strawberry schema, made from the registry."""
