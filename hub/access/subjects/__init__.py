"""Data subjects: people whose data is withheld, and the copy that a person gets of their own."""
