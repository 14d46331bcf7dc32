"""`hub connector`: list connectors, check them, look at what they would read, and draft new ones."""

import dataclasses
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from hub.access.subjects.named_people import find_named_people
from hub.cli.options import Json
from hub.cli.shown_values import ShownValues, record_shown
from hub.cli.store import connect_to_read
from hub.cli.terminal import ERR, OUT, mark_text, one_line, show_json, show_table
from hub.conform.check import NEEDED_PARTS, UNKNOWN_BACKEND, ConnectorGrade, check_connector
from hub.conform.preview import Preview, preview_stream
from hub.conform.rows import samples
from hub.conform.servers.trial_servers import TrialServers
from hub.errors import HubError, HubMisconfigured
from hub.ingest.connectors import connector_folder, discover_connectors, list_broken_connectors, load_manifests
from hub.sdk.manifest import Manifest
from hub.settings import load_settings

app = cyclopts.App(name="connector")
app.command(
    "hub.cli.ingest.connector_new:new_command",
    name="new",
    help="Draft a connector: inspect its source, propose a mapping, and write a manifest and anonymised samples.",
)
PARTS = NEEDED_PARTS["A"]
AT_ONCE = 4
"""Connectors that are checked at the same time."""


@app.command(name="list")
def list_command(*, json: Json = False) -> None:
    """List connectors: kind, streams, whether their environment variables are set, and which are broken."""
    load_settings()
    rows = [
        {
            "connector": name,
            "kind": manifest.kind,
            "sector": manifest.sector,
            "title": manifest.title.en,
            "streams": list(manifest.streams),
            "grade": manifest.grade,
            "unset": [variable for variable in manifest.list_variables() if not os.environ.get(variable)],
            "folder": str(connector_folder(manifest)),
        }
        for name, manifest in sorted(load_manifests().items())
    ]
    wrong = [{"connector": name, "broken": str(error)} for name, error in list_broken_connectors().items()]
    if json:
        show_json([*rows, *wrong])
        return
    columns = ("connector", "kind", "sector", "title", "streams", "grade", "unset")
    show_table("Connectors", columns, [[_cell(row[column]) for column in columns] for row in rows])
    for one in wrong:
        ERR.print(mark_text("bold red", "broken", f" {one['connector']}: {one['broken']}"))


@app.command(name="check")
def check_command(
    *names: str,
    folder: Path | None = None,
    verbose: Annotated[bool, Parameter(help="Show every case.")] = False,
    accept: Annotated[bool, Parameter(help="Accept the current output of the samples as the expected one.")] = False,
    json: Json = False,
) -> None:
    """Check connectors offline and grade them: lint, samples, damaged rows, deletes, drift, a misbehaving source.

    Parameters
    ----------
    names
        Names of connectors; by default all.
    folder
        A folder that holds connectors, beside those that are found.
    """
    manifests, wrong = _choose_connectors(names, folder)
    if accept:
        for manifest in manifests:
            for path in samples.accept_samples(manifest):
                ERR.print(f"wrote {path}; read it before you commit it")
    checked = _check_each(manifests)
    if json:
        show_json([*map(_document, checked), *({"connector": n, "broken": str(e)} for n, e in wrong.items())])
    else:
        _show_checked(checked, wrong, verbose=verbose)
    failed = [one.connector for one in checked if not one.conforms] + list(wrong)
    if failed:
        raise HubMisconfigured(
            f"{len(failed)} of {len(checked) + len(wrong)} connectors fail the checks of their declared grade: {', '.join(failed)}",
            next_step="fix what failed, or declare the grade that it reaches; `--verbose` shows every case",
        )


@app.command(name="preview")
def preview_command(
    name: str,
    stream: str | None = None,
    *,
    rows: int = 20,
    from_samples: Annotated[bool, Parameter(name="--samples", help="Read the samples instead of the source.")] = False,
    folder: Path | None = None,
    json: Json = False,
) -> None:
    """Read a few rows of a source and show the records they become, with their values. Nothing is stored.

    Parameters
    ----------
    name
        The connector.
    stream
        One of its streams; by default all.
    rows
        How many rows of each stream.
    folder
        A folder that holds connectors, beside those that are found.
    """
    manifests, wrong = _choose_connectors([name], folder)
    if wrong:
        raise wrong[name]
    (manifest,) = manifests
    shown = [
        preview_stream(manifest, one, rows, from_samples=from_samples)
        for one in ([stream] if stream else manifest.streams)
    ]
    if not from_samples:
        _record_preview(name, shown)
    if json:
        show_json([dataclasses.asdict(one) for one in shown])
        return
    for one in shown:
        _show_preview(one)


def _record_preview(name: str, shown: Sequence[Preview]) -> None:
    """Write down that rows of a source were looked at, and whom they name, if this machine has a store. Samples have nobody's data."""
    settings = load_settings()
    if settings.database_url is None and not (settings.home / "postgresql").exists():
        return
    with connect_to_read(settings) as connection:
        people = find_named_people(connection, [record for one in shown for record in (*one.records, *one.rejected)])
        record_shown(connection, ShownValues(tuple(f"preview.{name}.{one.stream}" for one in shown), tuple(people)))


def _choose_connectors(names: Sequence[str], folder: Path | None) -> tuple[list[Manifest], dict[str, HubError]]:
    """Find the connectors of these names, and describe names that match none. Raises HubMisconfigured."""
    there = discover_connectors(*([folder.absolute()] if folder else []))
    wanted = names or [*there.broken, *sorted(there.manifests)]
    unknown = [name for name in wanted if name not in there.manifests and name not in there.broken]
    if unknown:
        raise HubMisconfigured(
            f"there is no connector {', '.join(unknown)}", next_step=f"use one of: {', '.join(sorted(there.manifests))}"
        )
    wrong = {name: there.broken[name] for name in wanted if name in there.broken}
    return [there.manifests[name] for name in wanted if name not in wrong], wrong


def _check_each(manifests: Sequence[Manifest]) -> list[ConnectorGrade]:
    if not manifests:
        return []
    with TrialServers.prepared() as ground, ERR.status("…") as status:

        def one(manifest: Manifest) -> ConnectorGrade:
            return check_connector(manifest, ground, lambda words: status.update(one_line(f"{manifest.name}: {words}")))

        # Much of a check is waiting for a source that is silent.
        with ThreadPoolExecutor(AT_ONCE) as several:
            return list(several.map(one, manifests))


def _document(checked: ConnectorGrade) -> dict[str, object]:
    return {
        "connector": checked.connector,
        "kind": checked.kind,
        "grade": checked.grade,
        "stated": checked.stated,
        "conforms": checked.conforms,
        "results": [dataclasses.asdict(result) for result in checked.results],
    }


def _show_checked(checked: Sequence[ConnectorGrade], wrong: dict[str, HubError], *, verbose: bool) -> None:
    rows: list[tuple[object, ...]] = [
        (one.connector, one.kind, *(one.counted(part) for part in PARTS), one.grade or "none", one.stated or "none")
        for one in checked
    ]
    show_table("Conformance", ("connector", "kind", *PARTS, "grade", "stated"), rows)
    for name, error in wrong.items():
        faults = getattr(error, "faults", ())
        for words in [str(fault) for fault in faults] or [error.message]:
            ERR.print(mark_text("bold red", "broken", f" {name}: {words}"))
    for one in checked:
        for result in one.results:
            if verbose or result.status in ("failed", "not run") or result.detail == UNKNOWN_BACKEND:
                words = f"{result.part}: {result.case}" + (f": {result.detail}" if result.detail else "")
                OUT.print(mark_text(*STATUS_MARKS[result.status], f" {one.connector} {words}"))


STATUS_MARKS = {
    "passed": ("green", "passed"),
    "failed": ("red", "failed"),
    "not applicable": ("dim", "does not apply"),
    "not run": ("yellow", "not run"),
}


def _show_preview(one: Preview) -> None:
    for entity in dict.fromkeys(record["entity"] for record in one.records):
        records = [record for record in one.records if record["entity"] == entity]
        fields = list(dict.fromkeys(name for record in records for name in record["fields"]))
        rows = [(record["key"], *(record["fields"].get(name) for name in fields)) for record in records]
        show_table(f"{one.stream} → {entity}", ("key", *fields), rows)
    for record in one.rejected:
        words = f"{one.stream}: {record['entity']} {record['key']}: {record['rejected']['reason']}"
        OUT.print(mark_text("red", "set aside", f" {words}"))
    if one.rejected:
        OUT.print("next step: correct the mapping if it is wrong, or ask the owner of the source to correct these rows")
    for words in one.drift:
        OUT.print(mark_text("yellow", "drift", f" {words}"))
    OUT.print(
        f"{one.stream}: {one.read} rows read, {len(one.records)} records, {len(one.rejected)} set aside; nothing was stored",
    )


def _cell(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list) else value
