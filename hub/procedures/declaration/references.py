"""What a procedure's requirements and blocks say of each other: each named requirement must exist, and none may depend on itself."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from hub.procedures.declaration.requirements import CITIZEN, ProcedureBlock, Requirement, RequirementCondition

Location = tuple[int | str, ...]
"""Where in the TOML file: `("requirements", 3, "within")`."""


class Fault(NamedTuple):
    """A fault, and its place in `procedure.toml`."""

    location: Location
    words: str


class HasRequirements(Protocol):
    """What of a procedure is checked here."""

    @property
    def requirements(self) -> Sequence[Requirement]: ...
    @property
    def blocks(self) -> Sequence[ProcedureBlock]: ...
    @property
    def subjects(self) -> Mapping[str, object]: ...


def find_faults(procedure: HasRequirements) -> Iterator[Fault]:
    """Every fault. None: each name leads to one requirement, and they can be answered in some order."""
    by_code = {requirement.code: requirement for requirement in procedure.requirements}
    seen: set[str] = set()
    for index, requirement in enumerate(procedure.requirements):
        here = ("requirements", index)
        if requirement.code in seen:
            yield Fault((*here, "code"), f"two requirements have the code {requirement.code}")
        seen.add(requirement.code)
        yield from _check_names(requirement, here, by_code)
        asked_of = requirement.asked_of
        if asked_of and asked_of not in (CITIZEN, *procedure.subjects):
            roles = ", ".join(procedure.subjects)
            yield Fault((*here, "asked_of"), f'there is no role {asked_of}: write "{CITIZEN}", or one of {roles}')
    codes = [block.code for block in procedure.blocks]
    for index, block in enumerate(procedure.blocks):
        if block.code in codes[:index]:
            yield Fault(("blocks", index, "code"), f"two blocks have the code {block.code}")
        for condition in block.when:
            yield from _check_condition(condition, ("blocks", index, "when"), by_code)


def _check_names(requirement: Requirement, here: Location, by_code: Mapping[str, Requirement]) -> Iterator[Fault]:
    for key, code in requirement.names:
        if code not in by_code:
            yield Fault((*here, key), _explain_unknown(code, by_code))
        elif requirement.code in _dependencies(code, by_code):
            yield Fault((*here, key), f"{code} depends on {requirement.code} in turn")
    group = by_code.get(requirement.within or "")
    if group is not None and not group.is_group:
        yield Fault((*here, "within"), f"{group.code} is no list of rows, or has a value of its own")
    counted = by_code.get(requirement.derived.source) if requirement.derived else None
    if requirement.derived and requirement.derived.rule == "count" and counted and counted.rows is None:
        yield Fault((*here, "derived"), f"count: {counted.code} has no rows")


def _check_condition(
    condition: RequirementCondition, here: Location, by_code: Mapping[str, Requirement]
) -> Iterator[Fault]:
    if condition.requirement not in by_code:
        yield Fault(here, _explain_unknown(condition.requirement, by_code))


def _explain_unknown(code: str, known: Iterable[str]) -> str:
    """That there is no such requirement, with the one whose code is most like it."""
    nearest = difflib.get_close_matches(code, known, 1)
    return f"there is no requirement {code}" + (f": did you mean {nearest[0]}?" if nearest else "")


def _dependencies(code: str, by_code: Mapping[str, Requirement]) -> frozenset[str]:
    """A requirement and all that it depends on, directly and through others."""
    found: set[str] = set()
    waiting = [code]
    while waiting:
        one = waiting.pop()
        if one not in found and one in by_code:
            found.add(one)
            waiting += [name for _, name in by_code[one].names]
    return frozenset(found)


def order_requirements(requirements: Sequence[Requirement]) -> tuple[Requirement, ...]:
    """The requirements so that each comes after what it depends on. They have no faults."""
    by_code = {requirement.code: requirement for requirement in requirements}
    ordered: dict[str, Requirement] = {}

    def add(requirement: Requirement) -> None:
        if requirement.code not in ordered:
            for _, name in requirement.names:
                add(by_code[name])
            ordered[requirement.code] = requirement

    for requirement in requirements:
        add(requirement)
    return tuple(ordered.values())
