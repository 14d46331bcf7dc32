"""Two versions of a purpose compared, in words, for the person who has to agree to the change."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLSchema

from hub.access.purposes import Purpose
from hub.plan.permission.compile import compile_purpose
from hub.plan.permission.reads import FILTER, PAGE, PermittedRead, list_reads

WIDER, NARROWER, CHANGED = "wider", "narrower", "changed"


@dataclass(frozen=True)
class PurposeChange:
    """One change: wider (more may be read), narrower, or changed (to be judged by reading it)."""

    effect: str
    words: str


def compare_purposes(old: Purpose, new: Purpose, schema: GraphQLSchema) -> tuple[PurposeChange, ...]:
    """Every change of permission, and of the declaration. Raises HubMisconfigured for a purpose that does not compile."""
    before, after = (list_reads(compile_purpose(one, schema), schema) for one in (old, new))
    return (*_declared(old, new), *_compare_reads(before, after))


def _compare_reads(before: Sequence[PermittedRead], after: Sequence[PermittedRead]) -> Iterator[PurposeChange]:
    old, new = _by_place(before), _by_place(after)
    for place in sorted(old.keys() | new.keys()):
        was, becomes = old.get(place), new.get(place)
        if was is None and becomes is not None:
            yield from _added(becomes)
        elif becomes is None and was is not None:
            yield from _removed(was)
        elif was is not None and becomes is not None and was != becomes:
            yield from _changed(was, becomes)


def _by_place(reads: Sequence[PermittedRead]) -> Mapping[tuple[str, str, str, str], dict[str, PermittedRead]]:
    """(document, path, how, field) → the values that it may have there: several if documents reach it in several ways."""
    found: dict[tuple[str, str, str, str], dict[str, PermittedRead]] = {}
    for read in reads:
        found.setdefault((read.document, read.path, read.how, read.coordinate), {})[read.value] = read
    return found


def _added(reads: Mapping[str, PermittedRead]) -> Iterator[PurposeChange]:
    for read in reads.values():
        if read.how == FILTER and read.is_fixed:
            yield PurposeChange(NARROWER, f"only where {read.coordinate} is {read.value}, at {read.path}")
        else:
            yield PurposeChange(WIDER, f"may now {read.words}")


def _removed(reads: Mapping[str, PermittedRead]) -> Iterator[PurposeChange]:
    for read in reads.values():
        if read.how == FILTER and read.is_fixed:
            yield PurposeChange(WIDER, f"no longer only where {read.coordinate} is {read.value}, at {read.path}")
        elif read.how == FILTER:
            # The condition chose rows by a value of the request: without it, there may be more of them.
            yield PurposeChange(CHANGED, f"rows are no longer chosen by {read.coordinate}, at {read.path}")
        else:
            yield PurposeChange(NARROWER, f"may no longer {read.words}")


def _changed(was: Mapping[str, PermittedRead], becomes: Mapping[str, PermittedRead]) -> Iterator[PurposeChange]:
    first = next(iter(becomes.values()))
    old, new = " or ".join(was), " or ".join(becomes)
    effect = CHANGED
    if first.how == PAGE:
        effect = WIDER if _most(becomes) > _most(was) else NARROWER
    yield PurposeChange(effect, f"{first.how} {first.coordinate} at {first.path}: was {old}, is {new}")


def _most(reads: Mapping[str, PermittedRead]) -> int:
    return max(int("".join(filter(str.isdigit, value)) or 0) for value in reads)


def _declared(old: Purpose, new: Purpose) -> Iterator[PurposeChange]:
    before, after = (_flat(one.declaration.model_dump(mode="json")) for one in (old, new))
    for key in sorted(before.keys() | after.keys()):
        was, becomes = before.get(key), after.get(key)
        if was != becomes:
            yield PurposeChange(CHANGED, f"{key}: was {_shown(was)}, is {_shown(becomes)}")


def _flat(value: Any, key: str = "") -> dict[str, Any]:
    """A declaration as dotted keys; sets are sorted, so that their order is no change."""
    if isinstance(value, Mapping):
        parts = (_flat(inner, f"{key}.{name}".lstrip(".")) for name, inner in value.items())
        return {name: inner for part in parts for name, inner in part.items()}
    if isinstance(value, list) and not any(isinstance(one, Mapping) for one in value):
        return {key: ", ".join(sorted(map(str, value)))}
    if isinstance(value, list):
        parts = (_flat(inner, f"{key}[{index}]") for index, inner in enumerate(value))
        return {name: inner for part in parts for name, inner in part.items()}
    return {key: value}


def _shown(value: Any) -> str:
    return "not given" if value is None or value == "" else str(value)
