"""What rules find and what speaks against it, as SQL: candidates, declared evidence, vetoes, companions, and inferred facts."""
