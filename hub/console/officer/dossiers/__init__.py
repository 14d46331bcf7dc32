"""The list of an office's dossiers."""
