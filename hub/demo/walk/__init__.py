"""A walk through the procedures on the demonstration: eight dossiers, their receipts, a correction, a comparison, and a source that stops."""
