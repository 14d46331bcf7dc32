"""`hub connector new`: look at a source, propose a mapping, write the connector's folder. Asks on a terminal, or takes options."""

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from hub.cli.ingest.connector_sources import PROBES, ProbeOptions, ask_person, known_source, skip_probe
from hub.cli.terminal import ERR, OUT, mark_text, show_table
from hub.draft.connector_writer import ConnectorDraft, ConnectorFacts, add_stream, columns_of, write_connector
from hub.draft.field_proposals import choose_entity
from hub.errors import HubMisconfigured, OperationRefused
from hub.ingest.connectors import project_connectors_folder as own_folder
from hub.model.registry import load_registry
from hub.sdk.manifest import MANIFEST_CLASSES
from hub.settings import load_settings

NO_OPTIONS = ProbeOptions()
Kind = Literal["sql", "files", "rest", "soap", "stream", "cdc", "push"]


def new_command(
    name: str,
    *,
    kind: Kind | None = None,
    folder: Annotated[
        Path | None, Parameter(help="Folder of connectors to write into; by default, this project's.")
    ] = None,
    options: ProbeOptions = NO_OPTIONS,
) -> None:
    """Draft a connector: inspect its source, propose a mapping, and write a manifest and anonymised samples."""
    load_settings()
    place = (folder or own_folder()).absolute() / name
    known = known_source(place, kind, options)
    chosen = kind or known.kind or ask_person("Kind of source", list(MANIFEST_CLASSES), "--kind")
    probed = PROBES.get(chosen, skip_probe)(name, chosen, options, known)
    for note in probed.notes:
        ERR.print(mark_text("yellow", "note", f" {note}"))
    columns = columns_of(probed.rows)
    likeliest = choose_entity(columns).name if columns else None
    entity = options.entity or (likeliest if not sys.stdin.isatty() else None)
    entity = entity or ask_person(
        "Kind of record that a row becomes", list(load_registry().entities), "--entity", likeliest
    )
    if entity not in load_registry().entities:
        raise OperationRefused(
            f"there is no entity {entity}", next_step=f"use one of: {', '.join(load_registry().entities)}"
        )
    title = name.replace("_", " ").capitalize()
    stream = options.stream or _stream_name(options, name)
    facts = ConnectorFacts(
        options.title_vi or title, options.title_en or title, options.owner, options.legal_basis, stream
    )
    if options.add_stream:
        draft = add_stream(place, probed, load_registry()[entity], facts)
    else:
        draft = write_connector(place, probed, load_registry()[entity], facts, _schemas(options))
    _show(draft, outside=folder)


def _stream_name(options: ProbeOptions, name: str) -> str:
    given = (
        options.table
        or options.operation
        or options.sheet
        or (options.path or "").rstrip("/").rpartition("/")[2]
        or (options.files or "").split("*")[0]
    )
    plain = "".join(c if c.isalnum() else "_" for c in given.rpartition(".")[0] or given).strip("_")
    return plain.lower() or name


def _schemas(options: ProbeOptions) -> list[Path]:
    """The WSDL that a connector is drafted from, and the schemas beside it."""
    return [options.wsdl, *sorted(options.wsdl.parent.glob("*.xsd"))] if options.wsdl else []


def _show(draft: ConnectorDraft, *, outside: Path | None) -> None:
    rows = [(p.field, p.column, ", ".join(f"{k} = {v}" for k, v in p.keys.items()), f"{p.confidence:.0%}", p.evidence) for p in draft.proposals]  # fmt: skip
    show_table(f"{draft.folder.name} → {draft.entity.name}", ("field", "column", "read as", "sure", "why"), rows)
    if draft.unmapped:
        OUT.print(f"not mapped, ignored until you decide: {', '.join(draft.unmapped)}")
    if draft.missing:
        OUT.print(mark_text("red", "required and not found:", f" {', '.join(draft.missing)}"))
    if draft.problem:
        OUT.print(mark_text("yellow", "not whole yet:", f" {draft.problem}"))
    name = draft.folder.name
    steps = [f"read {draft.folder / 'manifest.toml'} and correct it"]
    if outside:
        steps.append(f"export HUB_CONNECTORS_PATH={outside.absolute()}")
    steps += [
        f"hub connector preview {name}            # the source, as it would be mapped",
        f"hub connector check {name} --accept     # after changes: accept the records made from the samples as the expected ones",
        f"hub sync {name}",
    ]
    OUT.print(f"wrote {draft.folder}: manifest and samples (names, numbers and days of nobody). Next:")
    for number, step in enumerate(steps, 1):
        OUT.print(f"  {number}. {step}")
    if draft.missing and not draft.proposals and not draft.unmapped:
        raise HubMisconfigured("nothing could be proposed", next_step="fill in the manifest and samples by hand")
