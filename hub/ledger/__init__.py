"""The ledger: every read of personal data, written down before the answer leaves, in chains that show an edit."""
