"""Reading the ledger: pages of it for auditors, and what citizens are told of it."""
