"""`hub ledger`: read the ledger, keep it, and check it."""

import cyclopts

app = cyclopts.App(name="ledger")
app.command(
    "hub.cli.ledger_keys:app", name="keys", help="Make and replace the key that signs checkpoints of the ledger."
)
for target, name, text in (
    ("hub.cli.ledger_log:list_entries", "list", "List who read what, newest first. Nobody's values are shown; the reading is recorded in the ledger."),
    ("hub.cli.ledger_log:list_usage", "usage", "Print what one citizen is told of who read their data, in Estonia's findUsage form. It is recorded in the ledger."),
    ("hub.cli.ledger_log:export_spans", "spans", "Export entries as OTLP spans after the Dutch Logboek Dataverwerkingen. It is recorded in the ledger."),
    ("hub.cli.ledger_breach:breach", "breach", "After a leak: list everyone whose data a credential read, to notify them. It is recorded in the ledger."),
):  # fmt: skip
    app.command(target, name=name, help=text)
