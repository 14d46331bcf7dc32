"""Dossiers: whose data is read, opened by an officer or sent by a one-stop system, and which offices may read under them."""
