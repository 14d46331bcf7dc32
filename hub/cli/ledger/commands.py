"""`hub ledger`: read the ledger, keep it, and check it."""

import cyclopts

app = cyclopts.App(name="ledger")
for target, name, text in (
    ("hub.cli.ledger.verify:verify_command", "verify", "Check that the ledger was not changed, and that nothing is missing. Exits with 65 if it was changed, 66 if something is missing."),
    ("hub.cli.ledger.verify:export_command", "export", "Write the ledger to a file that can be verified without the database. It has no keys; it names officials and dossiers. It is recorded in the ledger."),
    ("hub.cli.ledger.months:months_command", "months", "List the months of the ledger: size, key, closing checkpoint, from when people may be unlinked, and until when records are kept."),
    ("hub.cli.ledger.months:destroy_key", "destroy-key", "Destroy a month's key for good when the retentions of its purposes are over: nobody can be linked to its records any more. All hashes still hold."),
    ("hub.cli.ledger.months:destroy_due", "destroy-due", "Destroy the keys of all months whose retention is over, for good. Run it from a timer, e.g. each night."),
    ("hub.cli.ledger.months:drop_command", "drop", "Drop the records of a month whose retention is over. Its closing checkpoint is kept."),
    ("hub.cli.ledger.months:resume_command", "resume", "Continue a ledger after a backup was restored. Entries written since the backup are lost, and the ledger says so."),
    ("hub.cli.ledger.log:list_entries", "list", "List who read what, newest first. Nobody's values are shown; the reading is recorded in the ledger."),
    ("hub.cli.ledger.log:list_usage", "usage", "Print what one citizen is told of who read their data, in Estonia's findUsage form. It is recorded in the ledger."),
    ("hub.cli.ledger.log:export_spans", "spans", "Export entries as OTLP spans after the Dutch Logboek Dataverwerkingen. It is recorded in the ledger. One JSON document on stdout, as `/v1/traces` of a collector takes it. The people in it are pseudonyms."),
    ("hub.cli.ledger.push:push_command", "push-spans", "Send every entry that was not sent yet to a collector, as OTLP spans over HTTP. Run it from a timer. It is recorded in the ledger."),
    ("hub.cli.ledger.breach:breach_command", "breach", "After a leak: list everyone whose data a credential read, to notify them. It is recorded in the ledger."),
    ("hub.cli.ledger.keys:app", "keys", "Make and replace the key that signs checkpoints of the ledger."),
):  # fmt: skip
    app.command(target, name=name, help=text)
