"""The types of snapshots of prefills, and of what differs when a prefill is run again."""

from collections.abc import Awaitable, Mapping
from typing import Any

from strawberry.types import Info

from hub.graph.schema_types.fields import (
    Namespace,
    ReadField,
    ValueField,
    enum_type,
    input_type,
    make_field,
    object_type,
)
from hub.snapshots.difference import CHANGE_MEANINGS

RERUN_KEY = "rerun"
"""Where a snapshot has the function that runs its prefill again."""
SUMMARY: Mapping[str, tuple[str, str]] = {
    "id": ("ID", "Id of the snapshot."),
    "dossier": ("str", "Code of the dossier."),
    "procedure": ("str", "Code of the procedure."),
    "procedureVersion": ("str", "Version of the procedure when it was answered."),
    "at": ("DateTime", "The instant for which it was answered."),
    "hubVersion": ("str", "Version of the hub that answered."),
    "occasion": ("SnapshotOccasion", "Why it was kept."),
    "digest": ("str", "SHA-256 of the answer as canonical JSON (RFC 8785), in hex."),
    "forgottenAt": ("DateTime | None", "When its values were deleted, after their time; null while they are there."),
}
CHANGE: Mapping[str, tuple[str, str]] = {
    "requirement": ("str", "Code of the requirement."),
    "label": ("Label", "What the form calls it."),
    "role": ("str | None", "Role of the subject; null if it is asked of no subject in particular."),
    "items": ("list[str]", "Keys of the items of lists, from the outer list to the inner."),
    "kind": ("PrefillChangeKind", "How the answer differs."),
    "before": ("AnswerStatus | None", "Its status in the snapshot; null if there was no such answer."),
    "now": ("AnswerStatus | None", "Its status now; null if there is no such answer any more."),
}
RERUN: Mapping[str, tuple[str, str]] = {
    "prefill": ("Prefill", "Today's answer."),
    "choicesHold": (
        "bool",
        "Whether the items that the case was about are still there; if not, it is answered for every item.",
    ),
    "changes": ("list[PrefillChange]", "Each answer of the snapshot and of now, in the order of the form."),
    "newBlocks": ("list[BlockingFact]", "What blocks the procedure now, and did not."),
    "endedBlocks": ("list[BlockingFact]", "What blocked the procedure, and does not any more."),
}
PAPER: Mapping[str, tuple[str, str]] = {
    "requirement": ("str", "Code of the requirement."),
    "role": ("str | None", "Role of the subject; null if it was not narrowed to one."),
    "status": ("AnswerStatus", "What the snapshot says: why the paper may be asked for."),
    "reasons": ("list[AnswerReason]", "Why, the strongest first."),
    "snapshotId": ("ID", "The snapshot that says so."),
    "askedAt": ("DateTime", "When."),
}


class RerunField(ReadField):
    """What the prefill of a snapshot would answer now: run if it is asked for."""

    def get_result(
        self, source: Any, info: Info[Any, Any] | None, args: list[Any], kwargs: Any
    ) -> Awaitable[Any] | Any:
        """An awaitable of the answer and the difference."""
        return source[RERUN_KEY]()


def add_snapshot_types(names: Namespace) -> None:
    """Add the types of snapshots to `names`, which has those of prefill."""
    kinds = {kind.name: about for kind, about in CHANGE_MEANINGS.items()}
    names["PrefillChangeKind"] = enum_type("PrefillChangeKind", "How an answer differs from that of a snapshot.", kinds)
    occasions = {"REQUEST": "`keepPrefill` asked for it.", "CLOSING": "The dossier was closed and had none."}
    names["SnapshotOccasion"] = enum_type("SnapshotOccasion", "Why a snapshot was kept.", occasions)
    names["KeptPrefill"] = object_type(
        "KeptPrefill", "A snapshot of a prefill, without what it says.", _values(SUMMARY, names)
    )
    names["PrefillChange"] = object_type(
        "PrefillChange", "How one answer differs from that of a snapshot, without values.", _values(CHANGE, names)
    )
    names["PrefillRerun"] = object_type(
        "PrefillRerun", "What a snapshot's prefill answers now, and what differs.", _values(RERUN, names)
    )
    about = "The answer that was kept. `corrections` of its values are empty: those of today are at `prefill`."
    prefill = make_field(ValueField, "Prefill", names, graphql="prefill", description=about)
    about = "Prefills the dossier again, with the same choices, and compares."
    rerun = make_field(RerunField, "PrefillRerun", names, graphql=RERUN_KEY, description=about)
    names["PrefillSnapshot"] = object_type(
        "PrefillSnapshot",
        "What a prefill answered, as it was kept with the dossier.",
        {**_values(SUMMARY, names), "prefill": prefill, "rerun": rerun},
    )
    choices = {
        "choices": ("list[PrefillChoiceInput] | None", "As of `prefill`: which items of lists the case is about.")
    }
    names["KeepPrefillInput"] = input_type(
        "KeepPrefillInput", "A prefill of the dossier to keep.", choices, names, required=True
    )
    paper = _values(PAPER, names)
    names["PaperRequest"] = object_type(
        "PaperRequest", "A paper that the citizen may be asked for, and the ground for it.", paper
    )


def _values(fields: Mapping[str, tuple[str, str]], names: Namespace) -> dict[str, Any]:
    return {n: make_field(ValueField, kind, names, graphql=n, description=text) for n, (kind, text) in fields.items()}
