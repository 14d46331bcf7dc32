"""Writing the ledger: records, the chain of each writer, epochs, and group commit."""
