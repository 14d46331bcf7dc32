"""The people of the demonstration province: names, families, identifiers, civil status."""
