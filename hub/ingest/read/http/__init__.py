"""HTTP: the client that REST readers share."""
