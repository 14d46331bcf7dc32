"""Parties as recorded → comparable features: names, birth dates, identifiers, addresses. Pure; see `party`."""
