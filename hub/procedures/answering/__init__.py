"""Answering: requirements answered one after another from what documents found. Pure; nothing is fetched here."""
