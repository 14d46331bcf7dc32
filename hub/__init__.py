"""A GraphQL data-integration hub for cross-sector data linking."""
