"""The registry of entities, and all that is derived from `schema/`: tables, GraphQL names, generated pages."""
