"""`hub link`: find which subject each record means."""

import dataclasses

import cyclopts

from hub.cli.options import Json
from hub.cli.store import open_store
from hub.cli.terminal import ERR, OUT, make_progress, mark_text, show_bars, show_json, show_table
from hub.errors import OperationRefused
from hub.link.likeness.trained import Version
from hub.link.run.linking_run import LinkReport
from hub.link.run.linking_run import run_linking as run_link
from hub.settings import load_settings
from hub.tracing.exporter import trace_command

app = cyclopts.App(name="link")

app.command(
    "hub.cli.linking.link_evaluate:evaluate_command",
    name="evaluate",
    help="Compare links with a truth file: precision and recall by field, band, method and fault, and every false link.",
)
app.command(
    "hub.cli.linking.link_quality:quality_command",
    name="quality",
    help="Estimate the precision of links from reviewers' answers, without a truth file: by field and band, with intervals.",
)
app.command(
    "hub.cli.linking.link_quality:thresholds",
    name="thresholds",
    help="List and lower thresholds that were raised because links fell short of the target.",
)

app.command("hub.cli.linking.link_model:app", name="model", help="Look at the models that linking weighs by.")


@app.default
def link_command(*fields: str, full: bool = False, train: bool = False, json: Json = False) -> None:
    """Link records to subjects: by rule first, then by likeness. Links the changes since the last run, unless told
    otherwise; with enough to learn from, the first run trains the model that later runs score with.

    Parameters
    ----------
    fields
        Linked fields, as Entity.field: all of their records.
    full
        Look at every record.
    train
        Train a new version of the model from the records of now, and link everything with it.
    """
    with trace_command("link"), open_store(load_settings()) as store, make_progress() as bars:
        report = run_link(store.engine, fields or None, full=full, train=train, progress=show_bars(bars))
    show_json(dataclasses.asdict(report)) if json else show_links(report)
    if report.refused and train:
        raise OperationRefused(
            f"the trained model {report.refused.method} failed its checks: {_describe_failed_checks(report.refused)}",
            next_step=f"see `hub link model show {report.refused.version}`; everything is linked by {report.model or 'rules alone'}",
            code="MODEL_REFUSED",
        )


def _describe_failed_checks(version: Version) -> str:
    """The checks that a model does not hold, in words."""
    return "; ".join(f"{one.name}: {one.found}, wanted {one.wanted}" for one in version.failed)


def show_links(report: LinkReport) -> None:
    """Print linked fields by outcome, and a model that was trained and refused."""
    if report.refused:
        words = f" {report.refused.method} was trained and is not used: {_describe_failed_checks(report.refused)}"
        ERR.print(mark_text("bold yellow", "model refused", words))
    columns = ("field", "records", "confirmed", "probable", "unconfirmed", "unlinked", "methods")
    rows = [
        (
            f.field,
            f.records,
            f.confirmed,
            f.probable,
            f.unconfirmed,
            f.unlinked,
            ", ".join(f"{m} {n:,}" for m, n in f.methods.items()),
        )
        for f in report.fields
    ]
    which = {"FULL": "every record", "CHANGES": "changed records", "SOME": "some fields"}[report.mode]
    model = f"model {report.model}" if report.model else "no model: rules alone"
    show_table(f"Links ({which}; {model})", columns, rows, numbers=columns[1:-1])
    opened = sum(found.opened for found in report.discrepancies)
    closed = sum(found.closed for found in report.discrepancies)
    if opened or closed:
        OUT.print(f"Discrepancies: {opened:,} opened, {closed:,} closed; see `hub discrepancies counts`.")
