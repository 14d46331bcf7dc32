"""The root field `dossiers`: an officer's list of work, the dossiers of the caller's offices. No value of any subject."""

from collections.abc import Awaitable, Mapping
from datetime import datetime
from typing import Any

import orjson
import strawberry
from strawberry.types import Info
from strawberry.types.field import StrawberryField

from hub.access.dossiers.dossier_list import MAX_PAGE, SELECT_DOSSIERS, STATES, WantedDossiers, make_cursor
from hub.graph.link_review.review_queue import is_selected
from hub.graph.permission.callers import list_usable_purposes
from hub.graph.permission.dossiers import DossierOutcomeType
from hub.graph.schema_types.fields import Namespace, ReadField, Whole, enum_type, make_argument, make_field
from hub.graph.schema_types.type_parts import add_connection, make_connection
from hub.model.derived_fields import DEFAULT_PAGE

ARGUMENTS: Mapping[str, tuple[str, str]] = {
    "state": ("DossierState | None", "In this state."),
    "purpose": ("str | None", "Of this procedure or other purpose."),
    "codePrefix": ("str | None", "With a code that begins so."),
    "mine": ("bool | None", "Only those that the caller opened."),
    "expiresBefore": ("DateTime | None", "Only open ones that will have expired at this instant."),
    "first": ("int | None", f"At most so many, up to {MAX_PAGE}."),
    "after": ("str | None", "Begin after this cursor."),
}


class DossiersField(ReadField):
    """The root field `dossiers`."""

    def get_result(
        self, source: Any, info: Info[Any, Any] | None, args: list[Any], kwargs: Any
    ) -> Awaitable[Any] | Any:
        """An awaitable of the page."""
        assert info is not None
        return _read_dossiers(info, {n: v for n, v in kwargs.items() if v is not strawberry.UNSET and v is not None})


def dossiers_field(names: Namespace) -> StrawberryField:
    """The field, for the schema; the types of its connection are added to `names`, which has the types of dossiers."""
    names["DossierState"] = enum_type("DossierState", "Where a dossier stands.", STATES)
    add_connection("Dossier", names)
    return make_field(
        DossiersField,
        "DossierConnection",
        names,
        graphql="dossiers",
        description="Dossiers of the caller's offices and of purposes that the caller may use, newest first. They have no value of any subject.",
        arguments=[make_argument(name, kind, names, about) for name, (kind, about) in ARGUMENTS.items()],
    )


async def _read_dossiers(info: Info[Any, Any], given: Mapping[str, Any]) -> Whole:
    wanted = WantedDossiers(
        state=given["state"].name if "state" in given else None,
        purpose=given.get("purpose"),
        code_prefix=given.get("codePrefix"),
        is_own=given.get("mine", False),
        expires_before=datetime.fromisoformat(given["expiresBefore"]) if "expiresBefore" in given else None,
        size=given.get("first", DEFAULT_PAGE),
        after=given.get("after"),
        is_counted=is_selected(info, "totalCount"),
    )
    principal = info.context.caller.known
    parameters = wanted.list_parameters(principal, list_usable_purposes(principal))
    found = orjson.loads(await info.context.executor.reads.json(SELECT_DOSSIERS, parameters))
    shown = found["dossiers"][: wanted.size]
    return make_connection(
        [_describe_row(row) for row in shown],
        [make_cursor(row["opened_at"], row["id"]) for row in shown],
        has_next=len(found["dossiers"]) > wanted.size,
        has_previous=wanted.after is not None,
        total=found["total"],
    )


def _describe_row(row: Mapping[str, Any]) -> Whole:
    return Whole(
        code=row["code"],
        purpose=row["purpose"],
        purposeVersion=row["purpose_version"],
        office=row["office"],
        openedAt=row["opened_at"],
        expiresAt=row["expires_at"],
        endedAt=row["ended_at"],
        outcome=row["outcome"] and DossierOutcomeType[row["outcome"]],
        subjects=[Whole(subject) for subject in row["subjects"]],
    )
