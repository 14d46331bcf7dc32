"""The root fields of Subscription. `recordChanged` is a stream of changes, each with the row as it is now."""

import base64
import contextlib
import enum
from collections.abc import AsyncIterator
from typing import Annotated, Any

import strawberry
from strawberry.types import Info
from strawberry.types.field import StrawberryField

from hub.errors import OperationRefused
from hub.graph.events.changes import Change, ChangeWatch
from hub.graph.events.dossier_subscription import dossier_changed_field
from hub.graph.schema_types.fields import Namespace, NodeField, ValueField, enum_type, make_field, object_type
from hub.model.registry import load_registry
from hub.plan.binds import read_global_id
from hub.store.change_feed import ACTIONS

ABOUT = {
    "ADDED": "The record is new.",
    "CHANGED": "A value of the record changed.",
    "DELETED": "The source no longer has the record.",
    "LINKED": "The record was joined to a subject.",
    "UNLINKED": "A link of the record was withdrawn.",
}


def subscription_type(names: Namespace) -> Any:
    """The root type Subscription; `names` are the derived types."""
    actions = enum_type("ChangeAction", "What happened to a record.", {action: ABOUT[action] for action in ACTIONS})
    about = {
        "action": ("ChangeAction", "What happened."),
        "type": ("RecordType", "The record's type."),
        "recordId": ("ID", "Global id of the record; `node` has it as its `id`."),
        "source": ("str | None", "The sector system that it came from; null for links."),
        "at": ("DateTime", "When the hub took it in."),
    }
    kinds = enum_type("RecordType", "The types of records.", {e.name: e.description for e in load_registry()})
    namespace = {**names, "ChangeAction": actions, "RecordType": kinds}
    fields: dict[str, StrawberryField] = {
        name: make_field(ValueField, kind, namespace, graphql=name, description=text)
        for name, (kind, text) in about.items()
    }
    fields["node"] = make_field(
        NodeField,
        "Node | None",
        namespace,
        graphql="node",
        description="The record as it is now; null if it is gone.",
    )
    changed = object_type("RecordChange", "One change of one record.", fields)

    async def record_changed(
        info: Info[Any, Any],
        types: Annotated[Any, strawberry.argument(description="Only records of these types.")] = None,
        subject: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Only this subject, and records that are or were linked to it."),
        ] = None,
        source: Annotated[str | None, strawberry.argument(description="Only what this sector system sent.")] = None,
    ) -> AsyncIterator[Any]:
        async with contextlib.aclosing(
            info.context.executor.changes.follow(
                _read_change_watch([t.name for t in types] if types is not None else None, subject, source)
            )
        ) as changes:
            async for change in changes:
                yield _event(change, actions, kinds)

    record_changed.__annotations__["types"] = Annotated[
        list[kinds] | None,  # type: ignore[valid-type]  # made from data
        strawberry.argument(description="Only records of these types."),
    ]
    record_changed.__annotations__["return"] = AsyncIterator[changed]  # type: ignore[valid-type]  # made from data
    made: Any = strawberry.subscription(
        resolver=record_changed,
        name="recordChanged",
        description="Changes of records from now on, each at least once, in the order in which they were taken in.",
    )
    followed = {"record_changed": made, "dossier_changed": dossier_changed_field(names)}
    return object_type("Subscription", "What can be followed.", followed)


def _read_change_watch(types: list[str] | None, subject: str | None, source: str | None) -> ChangeWatch:
    known = load_registry().entities
    if subject is None:
        return ChangeWatch(tuple(types) if types is not None else None, None, source)
    kind, number = read_global_id(subject)
    if kind is None or kind not in known or known[kind].kind != "subject":
        raise OperationRefused(
            "recordChanged: subject is not the id of a subject",
            next_step="take the id of a row of a type that implements Subject",
        )
    return ChangeWatch(tuple(types) if types is not None else None, number, source)


def _event(change: Change, actions: type[enum.Enum], kinds: type[enum.Enum]) -> dict[str, Any]:
    return {
        "action": actions[change.action],
        "type": kinds[change.type],
        "recordId": base64.b64encode(f"{change.type}:{change.record_id}".encode()).decode(),
        "source": change.source,
        "at": change.at,
    }
