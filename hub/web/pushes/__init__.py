"""Endpoints for systems that send signed messages: rows of a stream, and dossiers of a one-stop system."""
