"""Sample rows of a connector: reading them, editing them, and what verdicts call them."""
