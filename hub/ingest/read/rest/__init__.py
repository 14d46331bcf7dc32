"""REST: lists over HTTP, in pages or as JSON Lines."""
