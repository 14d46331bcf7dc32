"""The auditor's pages: who read what."""
