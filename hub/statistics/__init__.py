"""Statistics that leave the hub as files: counts by declared dimensions, small cells left out, nobody's row."""
