"""The root field `dossierChanged`: dossiers of the caller's offices as they are opened, extended and ended."""

import contextlib
import enum
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import strawberry
from strawberry.types import Info

from hub.access.dossiers.dossier_rules import check_code
from hub.errors import OperationRefused
from hub.graph.events.dossier_events import DossierWatch
from hub.graph.schema_types.fields import Namespace, ValueField, enum_type, make_field, object_type

MAX_PURPOSES = 50
STATES: Mapping[str, str] = {
    "OPEN": "It was opened, or another subject was added.",
    "CLOSED": "The procedure was completed or refused.",
    "WITHDRAWN": "The applicant took it back.",
}
EVENT: Mapping[str, tuple[str, str]] = {
    "code": ("str", "Code of the dossier."),
    "purpose": ("str", "Code of its procedure or other purpose."),
    "office": ("str", "The administrative unit that handles it."),
    "state": ("DossierChangeState", "Where it stands after the change."),
    "at": ("DateTime", "When it was changed."),
}


def dossier_changed_field(names: Namespace) -> Any:
    """The field of Subscription; `names` are the derived types."""
    states = enum_type("DossierChangeState", "Where a dossier stands after a change.", STATES)
    namespace = {**names, "DossierChangeState": states}
    fields = {
        name: make_field(ValueField, kind, namespace, graphql=name, description=about)
        for name, (kind, about) in EVENT.items()
    }
    changed = object_type("DossierChange", "One change of one dossier. It has no value of any subject.", fields)

    async def dossier_changed(
        info: Info[Any, Any],
        code: Annotated[str | None, strawberry.argument(description="Only this dossier.")] = None,
        purposes: Annotated[
            list[str] | None, strawberry.argument(description="Only of these procedures or other purposes, at most 50.")
        ] = None,
    ) -> AsyncIterator[Any]:
        context, wanted = info.context, read_dossier_watch(code, purposes)
        context.caller.known  # noqa: B018 - raises Unauthenticated
        events = context.executor.dossier_events.follow(wanted, lambda: context.caller)
        async with contextlib.aclosing(events) as told:
            async for event in told:
                context.reading.dossier_event = event
                yield describe_event(asdict(event), states)

    dossier_changed.__annotations__["return"] = AsyncIterator[changed]  # type: ignore[valid-type]  # made from data
    return strawberry.subscription(
        resolver=dossier_changed,
        name="dossierChanged",
        description="Dossiers of the caller's offices and of purposes that the caller may use, as they are opened, extended or ended from now on; each change at least once.",
    )


def read_dossier_watch(code: str | None, purposes: list[str] | None) -> DossierWatch:
    """What a subscriber asked for. Raises OperationRefused with BAD_USER_INPUT or DOSSIER_CODE_INVALID."""
    if purposes is not None and len(purposes) > MAX_PURPOSES:
        raise OperationRefused(
            f"purposes has more than {MAX_PURPOSES} codes",
            code="BAD_USER_INPUT",
            next_step="leave it out: events of all that you may use are sent then",
        )
    checked = check_code(code, datetime.now(UTC).date()) if code is not None else None
    return DossierWatch(checked, frozenset(purposes) if purposes is not None else None)


def describe_event(event: dict[str, Any], states: type[enum.Enum]) -> dict[str, Any]:
    """An event as the type DossierChange reads it."""
    return {**event, "state": states[event["state"]]}
