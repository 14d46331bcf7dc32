"""`hub ledger verify`: what the ledger proves, from the database or from an export of it."""
