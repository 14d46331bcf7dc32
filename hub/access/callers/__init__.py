"""Callers: who sends a request, from an access token, an API key or a session."""
