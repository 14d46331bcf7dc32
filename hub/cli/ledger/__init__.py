"""`hub ledger …`."""
