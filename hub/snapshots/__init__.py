"""Snapshots of prefills: answers for a dossier, kept unchanged, so that they can be proved, compared and counted.

Everything here works on the JSON that `hub.procedures.answers.as_json` makes. Who may keep or read a snapshot is checked by the
callers: `hub.graph.procedures.snapshots` for requests, the database's credentials for the command line.
"""
