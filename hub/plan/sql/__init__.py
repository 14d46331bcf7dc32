"""SQL of nodes: one statement whose single value is the response as JSON."""
