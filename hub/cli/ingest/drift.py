"""`hub drift`: sources that are other than their manifests say. Nothing here is personal data."""

from dataclasses import asdict

import cyclopts

from hub.cli.options import Json, LabelLanguage, Lang
from hub.cli.store import connect_to_read, connect_to_store
from hub.cli.terminal import OUT, show_json, show_table
from hub.console.operator.rejected_groups import GRADE_WORDS, KIND_WORDS
from hub.ingest.drift import records as drift_record
from hub.ingest.drift.records import DriftRecord
from hub.model.labels import find_label
from hub.model.registry import load_registry
from hub.settings import load_settings

app = cyclopts.App(name="drift")
COLUMNS = (
    "id",
    "connector",
    "stream",
    "grade",
    "kind",
    "column",
    "",
    "touches",
    "procedures",
    "first seen",
    "resolved",
)


@app.command(name="list")
def list_command(
    connector: str | None = None, *, all: bool = False, lang: Lang = LabelLanguage.VI, json: Json = False
) -> None:
    """List schema drift, worst first.

    Parameters
    ----------
    connector
        Of this connector alone.
    all
        Include resolved ones.
    """
    with connect_to_read(load_settings()) as connection:
        found = drift_record.list_drift(connection, connector, every=all)
    if json:
        show_json([asdict(drift) for drift in found])
    else:
        show_table("Drift", COLUMNS, [_row(drift, lang) for drift in found])


@app.command(name="accept")
def accept_command(number: int) -> None:
    """Accept a column's new type: later reads are compared with it.

    Parameters
    ----------
    number
        The id of a drift of kind RETYPED.
    """
    with connect_to_store(load_settings()) as connection:
        found = drift_record.accept_drift(connection, number)
    OUT.print(f"{found.connector}.{found.stream}: column {found.column}: its new kind is taken")


def _row(drift: DriftRecord, lang: LabelLanguage) -> tuple[object, ...]:
    """A finding in words. Connector, stream, column and procedures keep their codes, which commands and files have."""
    known = load_registry()
    fields = "; ".join(
        lang.pick(find_label(known, entity, name)) for entity, names in drift.entities.items() for name in names
    )
    resolved = f"{drift.resolved_at:%Y-%m-%d %H:%M}" if drift.resolved_at else None
    return (
        str(drift.id),
        drift.connector,
        drift.stream,
        lang.pick(GRADE_WORDS[drift.grade]),
        lang.pick(KIND_WORDS[drift.kind]),
        drift.column,
        drift.detail,
        fields,
        ", ".join(drift.procedures),
        f"{drift.first_seen:%Y-%m-%d %H:%M}",
        resolved,
    )
