"""What every page shares: its base, cookies, forms, navigation, refusals, and how it runs operations."""
