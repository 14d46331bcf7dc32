"""A subgraph for Apollo Federation 2: reference data and the catalogue of procedures, and nothing of any person."""
