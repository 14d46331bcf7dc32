"""`hub purposes`: why callers may read, what exactly, and what a change of a purpose permits."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter
from graphql import GraphQLSchema

from hub.access.purposes import Purpose, find_purpose, load_purpose, read_purposes
from hub.cli.options import Json
from hub.cli.procedures.procedures import find_requirement_faults
from hub.cli.terminal import OUT, show_json, show_table
from hub.errors import HubMisconfigured, OperationRefused
from hub.graph.schema import get_core_schema, load_schema
from hub.plan.permission.compile import compile_purpose
from hub.plan.permission.derived import derived_reads
from hub.plan.permission.differences import compare_purposes
from hub.plan.permission.lint import LintFinding, lint_purpose
from hub.plan.permission.reads import PermittedRead, list_reads
from hub.plan.permission.verdicts import describe_users

app = cyclopts.App(name="purposes")
VERSION_DIGITS = 12


@app.command(name="list")
def list_command(*, json: Json = False) -> None:
    """List purposes: who may use them, and whether they need a dossier."""
    found = [_summary(purpose) for purpose in read_purposes().values()]
    if json:
        show_json(found)
        return
    columns = ("code", "name", "users", "dossier", "documents", "version")
    show_table("Purposes", columns, [tuple(str(row[column]) for column in columns) for row in found])


@app.command(name="show")
def show_command(code: str, *, json: Json = False) -> None:
    """Show a purpose: its legal basis, who may use it, and every field that it may read.

    Parameters
    ----------
    code
        The purpose, e.g. identify.
    """
    purpose = find_purpose(code)
    reads = _reads(purpose)
    if json:
        show_json({**_summary(purpose), "reads": [vars(read) for read in reads]})
        return
    for words in _declaration(purpose):
        OUT.print(words)
    for document in dict.fromkeys(read.document for read in reads):
        OUT.print("")
        OUT.print(document)
        for read in reads:
            if read.document == document:
                OUT.print(f"  may {read.words}")


@app.command(name="diff")
def diff_command(old: str, new: str, *, json: Json = False) -> None:
    """Say in words what a new version of a purpose permits that the old one does not, and the other way round.

    Parameters
    ----------
    old
        The code of a purpose, or the folder of a version of it.
    new
        The code of a purpose, or the folder of a version of it.
    """
    before, after = _given(old), _given(new)
    found = compare_purposes(before, after, _schema())
    if json:
        show_json([vars(change) for change in found])
        return
    versions = f"{before.version[:VERSION_DIGITS]} → {after.version[:VERSION_DIGITS]}"
    OUT.print(f"{before.code} {versions}" if before.code == after.code else f"{before.code} → {after.code} {versions}")
    for change in found:
        OUT.print(f"  {change.effect}: {change.words}")
    if not found:
        OUT.print("  no change of permissions")


@app.command(name="who")
def who_command(field: str, *, json: Json = False) -> None:
    """Say which purposes read a field: by selecting, counting, filtering or ordering, and by values derived from it.

    Parameters
    ----------
    field
        A field of a type, e.g. Citizen.birthDate, or a path, e.g. citizen.landUseRights.nodes.area.
    """
    _require_field(field)
    derived = derived_reads(field)
    found = [
        (purpose, read)
        for purpose in read_purposes().values()
        for read in _reads(purpose)
        if field in (read.coordinate, read.path) or read.coordinate in derived
    ]
    if json:
        show_json([{"purpose": purpose.code, **vars(read)} for purpose, read in found])
        return
    lines: dict[str, dict[str, None]] = {}
    for purpose, read in found:
        through = f", which tells of {field}" if read.coordinate in derived else ""
        lines.setdefault(f"{purpose.code} ({describe_users(purpose)}): may {read.words}{through}", {})[
            read.document
        ] = None
    for words, documents in lines.items():
        OUT.print(f"{words} [{', '.join(documents)}]")
    masked = [purpose for purpose in read_purposes().values() if purpose.declaration.masked]
    for purpose in masked:
        OUT.print(f"{purpose.code} ({describe_users(purpose)}): may read everything that is stored, masked")
    if not found and not masked:
        OUT.print(f"no purpose reads {field}")


@app.command(name="lint")
def lint_command(
    *folders: Annotated[Path, Parameter(help="Folders of purposes; none: every purpose that the hub uses.")],
) -> None:
    """Check purposes: documents fit the schema, every variable is bound, and procedures fetch what they use and no more."""
    chosen = [load_purpose(folder) for folder in folders] or list(read_purposes().values())
    findings = [finding for purpose in chosen for finding in find_faults(purpose, _schema())]
    for finding in findings:
        OUT.print(f"{'error' if finding.is_error else 'warning'}: {finding.where}: {finding.words}")
    errors = sum(finding.is_error for finding in findings)
    if errors:
        raise HubMisconfigured(f"errors in purposes: {errors}", next_step="correct the files named above")
    OUT.print(f"no errors in purposes: {len(chosen)} checked")


def find_faults(purpose: Purpose, graphql_schema: GraphQLSchema) -> list[LintFinding]:
    """The findings on a purpose and, if it is a procedure, on its requirements."""
    found = list(lint_purpose(purpose, graphql_schema))
    if purpose.is_procedure and not any(finding.is_error for finding in found):
        found += find_requirement_faults(purpose, graphql_schema)
    return found


def _schema() -> GraphQLSchema:
    return get_core_schema(load_schema())


def _reads(purpose: Purpose) -> tuple[PermittedRead, ...]:
    return list_reads(compile_purpose(purpose, _schema()), _schema())


def _given(text: str) -> Purpose:
    """A purpose by its folder, or by its code."""
    folder = Path(text)
    return load_purpose(folder) if folder.is_dir() else find_purpose(text)


def _summary(purpose: Purpose) -> dict[str, object]:
    declared = purpose.declaration
    return {
        "code": purpose.code,
        "name": f"{declared.name.vi} / {declared.name.en}",
        "users": describe_users(purpose),
        "dossier": "needed" if declared.dossier else "none",
        "documents": len(purpose.documents),
        "version": purpose.version[:VERSION_DIGITS],
    }


def _declaration(purpose: Purpose) -> Iterator[str]:
    declared = purpose.declaration
    yield f"{purpose.code} {purpose.version[:VERSION_DIGITS]}: {declared.name.vi} / {declared.name.en}"
    yield f"{declared.about.vi} / {declared.about.en}"
    for basis in declared.legal_basis:
        yield f"legal basis: {', '.join(filter(None, (basis.title, basis.article)))} ({basis.about.vi} / {basis.about.en})"
    yield f"users: {describe_users(purpose)}"
    yield f"dossier: {'each read names an open one' if declared.dossier else 'not needed'}"
    for role, subject in declared.subjects.items():
        yield f"subject: {role}, a {subject.entity} ({subject.name.vi} / {subject.name.en})"
    kept = f"{declared.retention_days:,} days" if declared.retention_days else "only while it is used"
    yield f"the reader may keep it: {kept}"
    yield f"rows of one operation: at most {declared.limits.rows:,}"
    if declared.limits.smallest_cell:
        yield f"counts below {declared.limits.smallest_cell} are suppressed"
    if declared.masked:
        yield "everything stored may be read, masked; the documents are examples"
    if declared.public_types:
        yield f"open to everybody: {', '.join(sorted(declared.public_types))}"


def _require_field(field: str) -> None:
    """Raises OperationRefused for a `Type.field` that the schema does not have; paths are not checked."""
    type_name, _, name = field.partition(".")
    if not type_name[:1].isupper():
        return
    fields = getattr(_schema().get_type(type_name), "fields", {})
    if name and name not in fields:
        raise OperationRefused(
            f"the schema has no field {field}", next_step="write Type.field, e.g. Citizen.birthDate, or a path"
        )
