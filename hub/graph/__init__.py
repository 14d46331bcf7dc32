"""The graph: Strawberry types derived from the registry, and execution of plans."""
