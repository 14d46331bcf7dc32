"""`hub procedures`: what the state asks citizens for, who holds it, and whether the folders that say so are right."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter
from graphql import GraphQLSchema

from hub.access.purpose_declaration import SubjectRole
from hub.access.purposes import Purpose, find_purpose, load_purpose, read_purposes
from hub.cli.options import Json, LabelLanguage, Lang
from hub.cli.procedures.rehearse import rehearse_command
from hub.cli.procedures.statistics_table import describe_statistics, name_procedure, show_statistics
from hub.cli.store import connect_to_read
from hub.cli.terminal import OUT, show_json, show_table, show_text
from hub.errors import HubMisconfigured
from hub.graph.schema import get_core_schema, load_schema
from hub.plan.permission.lint import LintFinding, describe_compile_fault, lint_purpose
from hub.procedures.client_code import ClientLanguage, render_client
from hub.procedures.declaration.compiled_procedures import CompiledProcedure, compile_procedure
from hub.procedures.declaration.definition import Procedure, find_procedure, list_procedure_faults, read_procedure
from hub.procedures.declaration.lint import lint_procedure
from hub.procedures.declaration.requirements import Requirement
from hub.procedures.json_schema import make_json_schema, value_types
from hub.settings import load_settings
from hub.snapshots.statistics import load_statistics

app = cyclopts.App(name="procedures")
app.command(rehearse_command, name="rehearse")
KEPT_COUNTS: Mapping[LabelLanguage, str] = {
    LabelLanguage.VI: "{dossiers:,} hồ sơ, {snapshots:,} bản lưu",
    LabelLanguage.EN: "dossiers {dossiers:,}, snapshots {snapshots:,}",
}


@app.command(name="list")
def list_command(*, json: Json = False) -> None:
    """List procedures: their version, when they are in force, and how many requirements a sector holds."""
    found = [_summarise(read_procedure(one)) for one in read_purposes().values() if one.is_procedure]
    if json:
        show_json(found)
        return
    columns = ("code", "version", "name", "in force", "subjects", "held", "asked")
    show_table("Procedures", columns, [tuple(str(row[column]) for column in columns) for row in found])


@app.command(name="show")
def show_command(code: str, *, json: Json = False) -> None:
    """Show a procedure: its subjects, requirements, holders and blocking facts.

    Parameters
    ----------
    code
        The procedure, e.g. land-right-transfer.
    """
    compiled = _compile(code)
    procedure = compiled.procedure
    rows = [_describe(compiled, requirement) for requirement in procedure.requirements]
    if json:
        show_json({**_summarise(procedure), "requirements": rows})
        return
    OUT.print(f"{procedure.code} {procedure.version}: {procedure.name.vi} / {procedure.name.en}")
    OUT.print(_force(procedure))
    for basis in procedure.legal_basis:
        OUT.print(f"legal basis: {', '.join(filter(None, (basis.title, basis.article)))} ({basis.about.vi})")
    for role, subject in procedure.subjects.items():
        OUT.print(f"subject: {', '.join((role, *_describe_role(subject)))} ({subject.name.vi} / {subject.name.en})")
    for block in procedure.blocks:
        OUT.print(f"blocked by: {block.code} ({block.label.vi} / {block.label.en})")
    columns = ("code", "label", "value", "holder", "max age (days)", "within")
    show_table("Requirements", columns, [tuple(str(row[column] or "") for column in columns) for row in rows])


@app.command(name="schema")
def schema_command(code: str) -> None:
    """Print the JSON Schema of a procedure's answers.

    Parameters
    ----------
    code
        The procedure, e.g. land-right-transfer.
    """
    show_json(make_json_schema(_compile(code)))


@app.command(name="client")
def client_command(code: str, *, language: ClientLanguage) -> None:
    """Print a client of a procedure: its query, its types, and a function that prefills a dossier. Needs no library.

    Parameters
    ----------
    code
        The procedure, e.g. land-right-transfer.
    language
        The language of the client.
    """
    show_text(render_client(_compile(code), language).rstrip("\n"))


@app.command(name="lint")
def lint_command(
    *folders: Annotated[Path, Parameter(help="Folders of procedures; none: every procedure that the hub uses.")],
) -> None:
    """Check procedures: keys, paths, codes and holders are right, and documents select every field that is used and no other."""
    graphql_schema = get_core_schema(load_schema())
    chosen = list(folders) or [one.folder for one in read_purposes().values() if one.is_procedure]
    errors = 0
    for folder in chosen:
        for finding in find_procedure_faults(folder, graphql_schema):
            OUT.print(f"{'error' if finding.is_error else 'warning'}: {finding.where}: {finding.words}")
            errors += finding.is_error
    if errors:
        raise HubMisconfigured(f"errors in procedures: {errors}", next_step="correct the files named above")
    OUT.print(f"no errors in procedures: {len(chosen)} checked")


@app.command(name="stats")
def stats_command(code: str | None = None, *, lang: Lang = LabelLanguage.VI, json: Json = False) -> None:
    """Show how much of each requirement is held, why the rest is not, and how often papers were asked for: over all snapshots.

    Shares are of the newest snapshot of each dossier, without the answers that do not apply. No personal data.

    Parameters
    ----------
    code
        The procedure, e.g. land-right-transfer; every one that has snapshots if you leave it out.
    """
    if code is not None:
        find_procedure(code)
    with connect_to_read(load_settings()) as connection:
        found = load_statistics(connection, code)
    if json:
        show_json([describe_statistics(one) for one in found])
        return
    if not found:
        OUT.print("no snapshots: keepPrefill keeps them, and closing a dossier does")
    for one in found:
        counts = KEPT_COUNTS[lang].format(dossiers=one.dossiers, snapshots=one.snapshots)
        show_statistics(f"{name_procedure(one.code, lang)}: {counts}", one, lang)


def find_procedure_faults(folder: Path, graphql_schema: GraphQLSchema) -> Iterator[LintFinding]:
    """The findings on a folder: what keeps it from being loaded, or what its documents and requirements say of each other."""
    faults = list_procedure_faults(folder)
    for fault in faults:
        where, _, words = fault.partition(": ")
        yield LintFinding(where, words)
    if faults:
        return
    purpose = load_purpose(folder)
    found = lint_purpose(purpose, graphql_schema)
    yield from found
    if not any(finding.is_error for finding in found):
        yield from find_requirement_faults(purpose, graphql_schema)


def find_requirement_faults(purpose: Purpose, graphql_schema: GraphQLSchema) -> Iterator[LintFinding]:
    """The findings on the requirements of a purpose that is a procedure and compiles."""
    try:
        compiled = compile_procedure(purpose, graphql_schema)
    except HubMisconfigured as error:
        yield describe_compile_fault(purpose, error)
        return
    for fault in lint_procedure(compiled):
        where, _, words = fault.partition(": ")
        yield LintFinding(where, words)


def _compile(code: str) -> CompiledProcedure:
    find_procedure(code)
    return compile_procedure(find_purpose(code), get_core_schema(load_schema()))


def _summarise(procedure: Procedure) -> dict[str, object]:
    read = [one for one in procedure.requirements if one.holder or one.derived]
    return {
        "code": procedure.code,
        "version": procedure.version,
        "name": f"{procedure.name.vi} / {procedure.name.en}",
        "in force": _force(procedure),
        "subjects": ", ".join(procedure.subjects),
        "held": len(read),
        "asked": len(procedure.requirements) - len(read),
    }


def _force(procedure: Procedure) -> str:
    until = f" to {procedure.in_force_to}" if procedure.in_force_to else ""
    return f"from {procedure.in_force_from}{until}"


def _describe_role(subject: SubjectRole) -> Iterator[str]:
    """What kind of subject it is, and what its declaration allows or demands beside."""
    yield f"a {subject.entity}"
    if subject.optional:
        yield "optional"
    if subject.many:
        yield "may be several"
    if subject.deceased:
        yield "may be deceased"
    if subject.guardian:
        yield f"a minor needs a {subject.guardian}"


def _describe(compiled: CompiledProcedure, requirement: Requirement) -> dict[str, object]:
    procedure = compiled.procedure
    kind = ", ".join(value_types(compiled, requirement)) or ("list" if requirement.is_group else None)
    return {
        "code": requirement.code,
        "label": f"{requirement.label.vi} / {requirement.label.en}",
        "value": kind,
        "holder": requirement.holder or ("derived" if requirement.derived else f"asked of {requirement.asked_of}"),
        "max age (days)": procedure.max_age_of(requirement) if requirement.is_read else None,
        "within": requirement.within,
    }
