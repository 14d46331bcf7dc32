"""Which purposes allow an operation, what each of them needs, and what the others refuse. Nothing is executed, and no value is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.access.argument_rules import AnyValue, Bindings, Mismatch
from hub.access.permission_trie import CompiledPurpose
from hub.access.purposes import Purpose
from hub.plan.permission.arguments import ArgumentCondition
from hub.plan.permission.check import Permission, PermissionRefusal, PermittedWay
from hub.plan.permission.reads import describe_allowed
from hub.plan.permission.walk import Clause

NO_BINDINGS: Bindings = {}


@dataclass(frozen=True)
class Refused:
    """One reason for a refusal. `path` is the response keys down to the field that it is about, or empty."""

    code: str
    path: str
    message: str


@dataclass(frozen=True)
class AllowingDocument:
    """A document that the operation is a sub-selection of, and what its variables must be, e.g. `$personalId: the transferor`."""

    document: str
    conditions: tuple[str, ...]


@dataclass(frozen=True)
class PurposeVerdict:
    """What one purpose says to an operation: the documents that allow it, or what it refuses."""

    purpose: str
    allowed_by: tuple[AllowingDocument, ...]
    refused: tuple[Refused, ...] = ()

    @property
    def is_allowed(self) -> bool:
        """Whether some request of the operation is allowed."""
        return bool(self.allowed_by)

    @property
    def is_judged(self) -> bool:
        """Whether the purpose allows or refuses; a masked purpose does neither without the values of variables."""
        return bool(self.allowed_by or self.refused)


def judge_purpose(
    purpose: CompiledPurpose,
    analysed: Permission | tuple[PermissionRefusal, ...],
    variables: Mapping[str, Any] | None,
) -> PurposeVerdict:
    """The verdict on an analysed operation. Of coerced `variables`, if they are given, all is compared but the subjects."""
    if not isinstance(analysed, Permission):
        return PurposeVerdict(purpose.code, (), tuple(map(refused_by, analysed)))
    ways = [way for way in analysed.ways if variables is None or not _wrong_arguments(way, variables)]
    if ways or variables is None:
        allowing = (AllowingDocument(way.permitted.document, _conditions(way)) for way in ways)
        return PurposeVerdict(purpose.code, tuple(dict.fromkeys(allowing)))
    found = analysed.check(variables, NO_BINDINGS)
    assert isinstance(found, tuple)  # every way has a wrong argument
    return PurposeVerdict(purpose.code, (), tuple(map(refused_by, found)))


def refused_by(refusal: PermissionRefusal) -> Refused:
    """A refusal of the check, in words."""
    return Refused(refusal.code, ".".join(refusal.place.path), refusal.error().message)


def describe_users(purpose: Purpose) -> str:
    """Who may use a purpose, e.g. `officer, app clients of COMMUNE offices`."""
    users = purpose.declaration.users
    offices = f" of {' and '.join(sorted(users.offices))} offices" if users.offices else ""
    return ", ".join([*sorted(users.roles), *(f"{kind} clients" for kind in sorted(users.clients))]) + offices


def _wrong_arguments(way: PermittedWay, variables: Mapping[str, Any]) -> bool:
    return any(wrong is Mismatch.ARGUMENT for _, wrong in way.failures(variables, NO_BINDINGS))


def _conditions(way: PermittedWay) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words for clause in way.clauses if (words := _describe_clause(clause))))


def _describe_clause(clause: Clause) -> str:
    """The clause in words; empty if any value satisfies it."""
    alternatives = dict.fromkeys(_describe_all(conditions) for conditions in clause)
    return "" if "" in alternatives else " or ".join(alternatives)


def _describe_all(conditions: Sequence[ArgumentCondition]) -> str:
    """The conditions in words, without those that any value satisfies."""
    telling = (c for c in conditions if not isinstance(c.allowed, AnyValue))
    return " and ".join(f"{_name(c)}: {describe_allowed(c.allowed)}" for c in telling)


def _name(condition: ArgumentCondition) -> str:
    if condition.variable is not None:
        return f"${condition.variable}"
    return f"{condition.argument} of {'.'.join(condition.place.path)}"
