"""`hub ledger`: keep the ledger, and check it."""

import cyclopts

app = cyclopts.App(name="ledger")
app.command(
    "hub.cli.ledger_keys:app", name="keys", help="Make and replace the key that signs checkpoints of the ledger."
)
