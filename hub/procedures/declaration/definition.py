"""A procedure as its folder declares it: `procedure.toml` and its GraphQL documents, loaded and checked."""

from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from hub.access.purpose_declaration import PurposeOfProcedure
from hub.access.purposes import (
    FAULT_SEPARATOR,
    PROCEDURE_FILE,
    Purpose,
    load_purpose,
    parse_declaration,
    read_purpose_file,
    read_purposes,
)
from hub.errors import HubMisconfigured, OperationRefused
from hub.procedures.declaration.references import find_faults
from hub.procedures.declaration.requirements import ProcedureBlock, Requirement
from hub.sdk.toml_lines import find_line

MAX_REQUIREMENTS = 200
Version = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]+([.-][0-9A-Za-z]+)*$", max_length=40)]


class Procedure(PurposeOfProcedure):
    """A procedure (CPSV-AP PublicService): a purpose with requirements."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Version = Field(description="Version of the procedure, e.g. 2026-1; shown with every answer.")
    max_age_days: int = Field(ge=0, description="How many days ago a source may have confirmed a value.")
    requirements: tuple[Requirement, ...] = Field(
        min_length=1, max_length=MAX_REQUIREMENTS, description="What the form asks for, in its order."
    )
    blocks: tuple[ProcedureBlock, ...] = Field(
        (), description="Why the procedure cannot be done, though nothing is missing."
    )

    def max_age_of(self, requirement: Requirement) -> int:
        """How many days ago a source may have confirmed a value of the requirement."""
        return self.max_age_days if requirement.max_age_days is None else requirement.max_age_days

    @cached_property
    def by_code(self) -> Mapping[str, Requirement]:
        """The requirements by code."""
        return {requirement.code: requirement for requirement in self.requirements}


def read_procedures() -> Mapping[str, Procedure]:
    """Every procedure by code. Raises HubMisconfigured naming file, line and key."""
    return {code: read_procedure(purpose) for code, purpose in read_purposes().items() if purpose.is_procedure}


def find_procedure(code: str) -> Procedure:
    """The procedure of this code. Raises OperationRefused with UNKNOWN_PROCEDURE."""
    purpose = read_purposes().get(code)
    if purpose is None or not purpose.is_procedure:
        known = ", ".join(found for found, one in read_purposes().items() if one.is_procedure)
        raise OperationRefused(
            "there is no procedure of this code", code="UNKNOWN_PROCEDURE", next_step=f"use one of: {known}"
        )
    return read_procedure(purpose)


def load_procedure(folder: Path) -> Procedure:
    """Read one folder. Raises HubMisconfigured naming file, line and key."""
    return read_procedure(load_purpose(folder))


def read_procedure(purpose: Purpose) -> Procedure:
    """The declaration of a purpose that is a procedure. Raises HubMisconfigured naming file, line and key."""
    return _parse(purpose.folder, purpose.version)


def list_procedure_faults(folder: Path) -> tuple[str, ...]:
    """Everything that keeps a folder from being loaded, each as `file:line: fault`; empty if nothing does."""
    path = folder / PROCEDURE_FILE
    try:
        if path.is_file():
            # All keys at once: as a purpose its own keys alone would be checked first.
            parse_declaration(path, read_purpose_file(path), Procedure)
        load_procedure(folder)
    except HubMisconfigured as error:
        return tuple(error.message.split(FAULT_SEPARATOR))
    return ()


@cache
def _parse(folder: Path, version: str) -> Procedure:
    """The declaration in a folder whose files have this hash."""
    path = folder / PROCEDURE_FILE
    text = read_purpose_file(path)
    declared = parse_declaration(path, text, Procedure)
    faults = [f"{path}:{find_line(text, fault.location)}: {fault.words}" for fault in find_faults(declared)]
    if faults:
        raise HubMisconfigured(
            FAULT_SEPARATOR.join(faults), next_step="correct these keys; docs/how-to/write-a-procedure.md has each"
        )
    return declared
