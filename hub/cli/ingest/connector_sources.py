"""How `hub connector new` looks at a source of each kind: asks on a terminal, or takes options."""

import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from cyclopts import Parameter
from rich.prompt import Prompt

from hub.cli.terminal import ERR, one_line, show_table
from hub.draft import source_probe
from hub.draft.source_probe import ProbeRequest, ProbeResult
from hub.errors import OperationRefused, SourceUnavailable
from hub.ingest.connectors import load_connector
from hub.settings import MANIFEST_FILE


@Parameter(name="*")
@dataclass(frozen=True)
class ProbeOptions:
    """What can be said instead of being asked for."""

    env: str | None = None
    "Variable that holds the address; by default NAME_URL, or NAME_FOLDER for files."
    table: str | None = None
    "sql, cdc: the table, or schema.table."
    files: str | None = None
    "files: pattern of names."
    path: str | None = None
    "rest: path of the list under the base address."
    records: str | None = None
    "rest: path of the list within an answer."
    auth: Literal["none", "api_key", "basic", "oauth2", "ws_security"] = "none"
    "rest, soap: how the hub proves itself; NAME_KEY, or NAME_USER and NAME_PASSWORD, or NAME_CLIENT_ID and NAME_CLIENT_SECRET hold with what."
    header: str = "X-API-Key"
    "rest: the header of the key."
    token_path: str = "/oauth2/token"
    "rest: path of the token endpoint of oauth2, or its whole address."
    scope: str | None = None
    "rest: scope that is asked for."
    sheet: str | None = None
    "files: the sheet of a workbook."
    skip_rows: int = 0
    "files: lines above the header."
    wsdl: Path | None = None
    "soap: a WSDL file, copied into the connector; by default the address in NAME_WSDL."
    operation: str | None = None
    "soap: the operation that gives the list."
    add_stream: bool = False
    "Add a stream to the connector, which is there already."
    key: tuple[str, ...] = ()
    "Columns that identify a row; by default found from the source."
    entity: str | None = None
    "Kind of record that a row becomes; by default the likeliest."
    stream: str | None = None
    "Name of the stream."
    title_vi: str | None = None
    title_en: str | None = None
    owner: str = "-"
    "Who answers for the data."
    legal_basis: str = "-"
    "Why they may be read."


@dataclass(frozen=True)
class KnownSource:
    """What a connector that is there already says of its source."""

    kind: str | None = None
    source: Mapping[str, Any] = field(default_factory=dict)
    folder: Path | None = None

    def env(self, key: str, options: ProbeOptions, default: str) -> str:
        """The variable that holds an address. Raises OperationRefused if the connector has it otherwise."""
        if not self.source:
            return options.env or default
        reference = self.source.get(key)
        if not isinstance(reference, Mapping) or "env" not in reference:
            raise OperationRefused(
                f"the connector does not name its source by an environment variable ({key})",
                next_step="add the stream to its manifest by hand",
            )
        return str(reference["env"])


def known_source(place: Path, kind: str | None, options: ProbeOptions) -> KnownSource:
    """The connector to which a stream is added. Raises OperationRefused before anything is asked of a source."""
    there = (place / MANIFEST_FILE).is_file()
    if there and not options.add_stream:
        raise OperationRefused(
            f"{place} already has a manifest",
            next_step="add a stream to it with --add-stream, choose another name, or remove the folder",
        )
    if not options.add_stream:
        return KnownSource()
    if not there:
        raise OperationRefused(f"there is no connector at {place}", next_step="draft it without --add-stream")
    declared = load_connector(place)
    if (kind and kind != declared.kind) or options.env or options.auth != "none":
        raise OperationRefused(
            f"{place.name} already declares its source and credentials",
            next_step="give --add-stream without --kind, --env and --auth",
        )
    source = {
        k: v for k, v in tomllib.loads((place / MANIFEST_FILE).read_text("utf-8"))["source"].items() if k != "kind"
    }
    return KnownSource(declared.kind, source, place)


def _sql(name: str, kind: str, options: ProbeOptions, given: KnownSource) -> ProbeResult:
    env = given.env("url", options, f"{name.upper()}_URL")
    found = source_probe.list_tables(source_probe.read_variable(env, name))
    if not options.table:
        rows = [(t.name, t.rows, ", ".join(t.key), ", ".join(f"{c} {k}" for c, k in t.columns)) for t in found]
        show_table("Tables", ("table", "rows", "key", "columns"), rows, numbers=("rows",))
    wanted = options.table or ask_person("Table", [t.name for t in found], "--table")
    table = next((t for t in found if t.name == wanted), None)
    if table is None:
        raise OperationRefused(
            f"there is no table {wanted}", next_step=f"use one of: {', '.join(t.name for t in found)}"
        )
    known = ProbeRequest(name, kind, given.source or {"url": {"env": env}}, {"table": table.name})
    notes = [] if options.key or table.key else [f"{table.name} has no primary key: look at `key`"]
    key = options.key or tuple(table.key) or (table.columns[0][0],)
    return _with(source_probe.probe_source(known, key), notes)


def _files(name: str, kind: str, options: ProbeOptions, given: KnownSource) -> ProbeResult:
    env = given.env("folder", options, f"{name.upper()}_FOLDER")
    place = Path(source_probe.read_variable(env, name))
    found = source_probe.list_files(place)
    pattern = options.files or ask_person("Files", found, "--files")
    first = next((path for path in sorted(place.glob(pattern)) if path.name in found), None)
    if first is None:
        raise OperationRefused(f"no file is called {pattern}", next_step=f"there are: {', '.join(found[:10])}")
    stream = {"files": pattern, **source_probe.sniff_format(first, options.skip_rows)}
    if options.sheet is not None and stream["format"] != "excel":
        raise OperationRefused(f"{first.name} is not a workbook, so it has no sheets", next_step="leave out --sheet")
    stream |= {"sheet": options.sheet} if options.sheet is not None else {}
    stream |= {"skip_rows": options.skip_rows} if options.skip_rows else {}
    return source_probe.probe_source(
        ProbeRequest(name, kind, given.source or {"folder": {"env": env}}, stream), options.key
    )


def _rest(name: str, kind: str, options: ProbeOptions, given: KnownSource) -> ProbeResult:
    env = given.env("base_url", options, f"{name.upper()}_URL")
    source_probe.read_variable(env, name)
    source = given.source or {"base_url": {"env": env}, **_auth(name, options, ("api_key", "basic", "oauth2"))}
    path = options.path or ask_person("Path of the list", [], "--path")
    stream: dict[str, Any] = {"path": path}
    stream |= source_probe.guess_paging(
        *source_probe.fetch_page(ProbeRequest(name, kind, source, stream)), options.records
    )
    notes = ["`paging` is a guess from one answer: look whether parameters and size are the API's"]
    return _with(
        source_probe.probe_source(ProbeRequest(name, kind, source, stream), options.key),
        notes if "paging" in stream else [],
    )


def _auth(name: str, options: ProbeOptions, kinds: Sequence[str]) -> dict[str, Any]:
    """How the hub proves itself, as a manifest has it. Raises OperationRefused, HubMisconfigured."""
    if options.auth == "none":
        return {}
    if options.auth not in kinds:
        raise OperationRefused(
            f"--auth {options.auth} does not apply to this kind of source", next_step=f"use {', '.join(kinds)}"
        )
    upper = name.upper()
    parts: Mapping[str, dict[str, Any]] = {
        "api_key": {"kind": "api_key", "header": options.header, "key": {"env": f"{upper}_KEY"}},
        "basic": {"kind": "basic", "user": {"env": f"{upper}_USER"}, "password": {"env": f"{upper}_PASSWORD"}},
        "ws_security": {"kind": "ws_security", "user": {"env": f"{upper}_USER"}, "password": {"env": f"{upper}_PASSWORD"}},
        "oauth2": {
            "kind": "oauth2_client_credentials",
            "token_path": options.token_path,
            "client_id": {"env": f"{upper}_CLIENT_ID"},
            "client_secret": {"env": f"{upper}_CLIENT_SECRET"},
            **({"scope": options.scope} if options.scope else {}),
        },
    }  # fmt: skip
    for value in parts[options.auth].values():
        if isinstance(value, dict):
            source_probe.read_variable(value["env"], name)
    return {"auth": parts[options.auth]}


def _soap(name: str, kind: str, options: ProbeOptions, given: KnownSource) -> ProbeResult:
    # Loaded where it is wanted: zeep takes half a second.
    from hub.draft import soap_operations

    source: Mapping[str, Any] = given.source
    if not source and options.wsdl is not None:
        if not options.wsdl.is_file():
            raise OperationRefused(f"there is no file {options.wsdl}", next_step="give the WSDL's path: --wsdl")
        source = {"wsdl": options.wsdl.name, **_auth(name, options, ("basic", "ws_security"))}
    elif not source:
        env = options.env or f"{name.upper()}_WSDL"
        source_probe.read_variable(env, name)
        source = {"wsdl": {"env": env}, **_auth(name, options, ("basic", "ws_security"))}
    folder = given.folder or (options.wsdl.absolute().parent if options.wsdl else None)
    found = soap_operations.read_operations(ProbeRequest(name, kind, source, {}), folder)
    wanted = options.operation or ask_person("Operation", list(found), "--operation")
    if wanted not in found:
        raise OperationRefused(f"there is no operation {wanted}", next_step=f"use one of: {', '.join(found)}")
    lists = found[wanted].lists
    if options.records is None and not lists:
        raise OperationRefused(f"the answer of {wanted} has no list", next_step="give the path of its rows: --records")
    stream = {"operation": wanted, "records": options.records if options.records is not None else lists[0]}
    notes = [f"arguments of {wanted}: {', '.join(found[wanted].arguments)}: see `arguments` and `paging`"]
    known = ProbeRequest(name, kind, source, stream)
    try:
        return _with(source_probe.probe_source(known, options.key, folder), notes if found[wanted].arguments else [])
    except SourceUnavailable as error:
        # Without arguments that it needs it does not answer: what its description says is drafted all the same.
        return ProbeResult(known, (), options.key, (*notes, f"no rows were read: {error}"))


def skip_probe(name: str, kind: str, options: ProbeOptions, given: KnownSource) -> ProbeResult:
    """Kinds whose sources are not looked at: the parts that have to be there, to be filled in."""
    upper = name.upper()
    skeletons: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "stream": ({"url": {"env": f"{upper}_URL"}, "jetstream": upper}, {"subject": f"{name}.*", "durable": f"hub-{name}"}),
        "push": ({"secret": {"env": f"{upper}_SECRET"}}, {}),
    }  # fmt: skip
    source, stream = skeletons[kind]
    source = dict(given.source) or source
    note = f"a source of kind {kind} is not looked at: fill in manifest and samples by hand, docs/how-to/add-a-connector.md tells how"
    return ProbeResult(ProbeRequest(name, kind, source, stream), (), options.key, (note,))


def _with(found: ProbeResult, notes: Sequence[str]) -> ProbeResult:
    return ProbeResult(found.wanted, found.rows, found.key, notes)


PROBES: Mapping[str, Callable[[str, str, ProbeOptions, KnownSource], ProbeResult]] = {
    "sql": _sql,
    "cdc": _sql,
    "files": _files,
    "rest": _rest,
    "soap": _soap,
}
"""Kind → how its source is looked at."""


def ask_person(what: str, choices: Sequence[str], option: str, default: str | None = None) -> str:
    """The answer of a person at the terminal. Raises OperationRefused if nobody is there."""
    if not sys.stdin.isatty():
        known = f", one of: {', '.join(choices)}" if choices else ""
        raise OperationRefused(f"{what.lower()} is not given", next_step=f"give {option}{known}")
    if default is None:
        return Prompt.ask(one_line(what), console=ERR, choices=list(choices) or None)
    return Prompt.ask(one_line(what), console=ERR, choices=list(choices) or None, default=default)
