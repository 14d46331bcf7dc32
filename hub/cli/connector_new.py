"""`hub connector new`: look at a source, propose a mapping, write the connector's folder. Asks on a terminal, or takes options."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from rich.markup import escape
from rich.prompt import Prompt

from hub.cli.shown import ERR, OUT, show_table
from hub.draft import probe
from hub.draft.probe import Probed, Wanted
from hub.draft.propose import entity_for
from hub.draft.write import Draft, Facts, columns_of, write
from hub.errors import HubMisconfigured, OperationRefused
from hub.ingest.discover import folder as own_folder
from hub.model.registry import registry
from hub.sdk.manifest import KINDS
from hub.settings import load

Kind = Literal["sql", "files", "rest", "soap", "stream", "cdc", "push"]


@Parameter(name="*")
@dataclass(frozen=True)
class Options:
    """What can be said instead of being asked for."""

    env: str | None = None
    "Variable that holds the address: NAME_URL, or NAME_FOLDER for files, where it is not given."
    table: str | None = None
    "sql, cdc: the table, or schema.table."
    files: str | None = None
    "files: pattern of names."
    path: str | None = None
    "rest: path of the list under the base address."
    records: str | None = None
    "rest: path of the list within an answer."
    auth: Literal["none", "api_key", "basic"] = "none"
    "rest: how the hub proves itself; NAME_KEY, or NAME_USER and NAME_PASSWORD hold with what."
    header: str = "X-API-Key"
    "rest: the header of the key."
    key: tuple[str, ...] = ()
    "Columns that identify a row; found where the source says or shows it."
    entity: str | None = None
    "Kind of record that a row becomes; the likeliest where it is not given."
    stream: str | None = None
    "Name of the stream."
    title_vi: str | None = None
    title_en: str | None = None
    owner: str = "-"
    "Who answers for the data."
    legal_basis: str = "-"
    "Why they may be read."


def new(
    name: str,
    *,
    kind: Kind | None = None,
    folder: Annotated[
        Path | None, Parameter(help="Folder of connectors to write into; this project's where not given.")
    ] = None,
    options: Options = Options(),
) -> None:
    """Draft a connector: look at its source, propose what becomes of it, write manifest and samples of nobody."""
    load()
    chosen = kind or _asked("Kind of source", list(KINDS), "--kind")
    probed = PROBES.get(chosen, _unprobed)(name, chosen, options)
    for note in probed.notes:
        ERR.print(f"[yellow]note[/] {escape(note)}", highlight=False)
    columns = columns_of(probed.rows)
    likeliest = entity_for(columns).name if columns else None
    entity = options.entity or (likeliest if not sys.stdin.isatty() else None)
    entity = entity or _asked("Kind of record that a row becomes", list(registry().entities), "--entity", likeliest)
    if entity not in registry().entities:
        raise OperationRefused(
            f"there is no entity {entity}", next_step=f"use one of: {', '.join(registry().entities)}"
        )
    title = name.replace("_", " ").capitalize()
    stream = options.stream or _stream_name(options, name)
    facts = Facts(options.title_vi or title, options.title_en or title, options.owner, options.legal_basis, stream)
    place = (folder or own_folder()).absolute() / name
    _show(write(place, probed, registry()[entity], facts), outside=folder)


def _sql(name: str, kind: str, options: Options) -> Probed:
    env = options.env or f"{name.upper()}_URL"
    found = probe.tables(probe.environment(env, name))
    if not options.table:
        rows = [(t.name, t.rows, ", ".join(t.key), ", ".join(f"{c} {k}" for c, k in t.columns)) for t in found]
        show_table("Tables", ("table", "rows", "key", "columns"), rows, numbers=("rows",))
    wanted = options.table or _asked("Table", [t.name for t in found], "--table")
    table = next((t for t in found if t.name == wanted), None)
    if table is None:
        raise OperationRefused(
            f"there is no table {wanted}", next_step=f"use one of: {', '.join(t.name for t in found)}"
        )
    known = Wanted(name, kind, {"url": {"env": env}}, {"table": table.name})
    notes = [] if options.key or table.key else [f"{table.name} has no primary key: look at `key`"]
    key = options.key or tuple(table.key) or (table.columns[0][0],)
    return _with(probe.probed(known, key), notes)


def _files(name: str, kind: str, options: Options) -> Probed:
    env = options.env or f"{name.upper()}_FOLDER"
    place = Path(probe.environment(env, name))
    found = probe.files(place)
    pattern = options.files or _asked("Files", found, "--files")
    first = next((path for path in sorted(place.glob(pattern)) if path.name in found), None)
    if first is None:
        raise OperationRefused(f"no file is called {pattern}", next_step=f"there are: {', '.join(found[:10])}")
    stream = {"files": pattern, **probe.sniffed(first)}
    return probe.probed(Wanted(name, kind, {"folder": {"env": env}}, stream), options.key)


def _rest(name: str, kind: str, options: Options) -> Probed:
    env = options.env or f"{name.upper()}_URL"
    base = probe.environment(env, name)
    path = options.path or _asked("Path of the list", [], "--path")
    source: dict[str, Any] = {"base_url": {"env": env}}
    headers: dict[str, str] = {}
    basic: tuple[str, str] | None = None
    if options.auth == "api_key":
        holder = f"{name.upper()}_KEY"
        source["auth"] = {"kind": "api_key", "header": options.header, "key": {"env": holder}}
        headers[options.header] = probe.environment(holder, name)
    elif options.auth == "basic":
        user, password = f"{name.upper()}_USER", f"{name.upper()}_PASSWORD"
        source["auth"] = {"kind": "basic", "user": {"env": user}, "password": {"env": password}}
        basic = (probe.environment(user, name), probe.environment(password, name))
    document, answered = probe.page(base.rstrip("/") + path, headers, basic)
    stream: dict[str, Any] = {"path": path}
    if options.records is not None:
        stream["records"] = options.records
    else:
        stream |= probe.guessed(document, answered)
    notes = ["`paging` is a guess from one answer: look whether parameters and size are the API's"]
    return _with(probe.probed(Wanted(name, kind, source, stream), options.key), notes if "paging" in stream else [])


def _unprobed(name: str, kind: str, options: Options) -> Probed:
    """Kinds whose sources are not looked at: the parts that have to be there, to be filled in."""
    upper = name.upper()
    skeletons: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "soap": ({"wsdl": f"{name}.wsdl"}, {"operation": "ListRows", "records": "rows.row"}),
        "stream": ({"url": {"env": f"{upper}_URL"}, "jetstream": upper}, {"subject": f"{name}.*", "durable": f"hub-{name}"}),
        "push": ({"secret": {"env": f"{upper}_SECRET"}}, {}),
    }  # fmt: skip
    source, stream = skeletons[kind]
    note = (
        f"a source of kind {kind} is not looked at: fill in manifest and samples by hand, docs/connectors.md tells how"
    )
    return Probed(Wanted(name, kind, source, stream), (), options.key, (note,))


def _with(found: Probed, notes: Sequence[str]) -> Probed:
    return Probed(found.wanted, found.rows, found.key, notes)


PROBES: Mapping[str, Callable[[str, str, Options], Probed]] = {"sql": _sql, "cdc": _sql, "files": _files, "rest": _rest}
"""Kind → how its source is looked at."""


def _stream_name(options: Options, name: str) -> str:
    given = options.table or (options.path or "").rstrip("/").rpartition("/")[2] or (options.files or "").split("*")[0]
    plain = "".join(c if c.isalnum() else "_" for c in given.rpartition(".")[0] or given).strip("_")
    return plain.lower() or name


def _asked(what: str, choices: Sequence[str], option: str, default: str | None = None) -> str:
    """The answer of a person at the terminal. Raises OperationRefused where nobody is there."""
    if not sys.stdin.isatty():
        known = f", one of: {', '.join(choices)}" if choices else ""
        raise OperationRefused(f"{what.lower()} is not given", next_step=f"give {option}{known}")
    if default is None:
        return Prompt.ask(what, console=ERR, choices=list(choices) or None)
    return Prompt.ask(what, console=ERR, choices=list(choices) or None, default=default)


def _show(draft: Draft, *, outside: Path | None) -> None:
    rows = [(p.field, p.column, ", ".join(f"{k} = {v}" for k, v in p.keys.items()), f"{p.confidence:.0%}", p.evidence) for p in draft.proposals]  # fmt: skip
    show_table(f"{draft.folder.name} → {draft.entity.name}", ("field", "column", "read as", "sure", "why"), rows)
    if draft.unmapped:
        OUT.print(f"not mapped, ignored until you decide: {escape(', '.join(draft.unmapped))}", highlight=False)
    if draft.missing:
        OUT.print(f"[red]required and not found:[/] {escape(', '.join(draft.missing))}", highlight=False)
    if draft.problem:
        OUT.print(f"[yellow]not whole yet:[/] {escape(draft.problem)}", highlight=False)
    name = draft.folder.name
    steps = [f"read {draft.folder / 'manifest.toml'} and correct it"]
    if outside:
        steps.append(f"export HUB_CONNECTORS_PATH={outside.absolute()}")
    steps += [
        f"hub connector preview {name}            # the source, as it would be mapped",
        f"hub connector check {name} --accept     # after changes: what the samples become is what is expected",
        f"hub sync {name}",
    ]
    OUT.print(f"wrote {draft.folder}: manifest and samples (names, numbers and days of nobody). Next:", highlight=False)
    for number, step in enumerate(steps, 1):
        OUT.print(f"  {number}. {escape(step)}", highlight=False)
    if draft.missing and not draft.proposals and not draft.unmapped:
        raise HubMisconfigured("nothing could be proposed", next_step="fill in the manifest and samples by hand")
