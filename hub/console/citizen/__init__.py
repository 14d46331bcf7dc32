"""A citizen's page: what the state holds about them, from whom, and who looked."""
