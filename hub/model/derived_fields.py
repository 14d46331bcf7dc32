"""The parts that the graph adds to every row and every link: their GraphQL names, and the SQL that gives them.

`sql` is an expression over the alias `{t}` of the row, or `{l}` of its link; the planner fills it in.
"""

from dataclasses import dataclass, replace

from hub.model.correction_states import PENDING
from schema.linking.vetoes import VETOES

DEFAULT_PAGE = 20
MAX_PAGE = 500


@dataclass(frozen=True)
class DerivedField:
    """One derived field. `annotation` is its GraphQL type, written as a Python annotation."""

    graphql: str
    annotation: str
    sql: str
    description: str


def _stream(column: str) -> str:
    return f"(select s.{column} from hub.stream s where s.id = {{t}}.stream_id)"


PROVENANCE = (
    DerivedField(
        "source", "str", _stream("connector"), "The sector system the row is from: the name of its connector."
    ),
    DerivedField("stream", "str", _stream("name"), "The stream of that connector."),
    DerivedField("sourceKey", "str", "{t}.source_key", "Key of the row in its source."),
    DerivedField(
        "asOf",
        "DateTime",
        f"coalesce({_stream('as_of')}, {{t}}.sys_from)",
        "The instant for which the source confirmed this value: the start of its last complete read.",
    ),
    DerivedField("firstSeen", "DateTime", "{t}.first_seen", "When the hub first saw the row."),
    DerivedField("recordedAt", "DateTime", "{t}.sys_from", "Since when the hub has held this version."),
    DerivedField(
        "changedAtSource",
        "DateTime | None",
        "{t}.changed_at_source",
        "When the source says it changed the row; null if it does not say.",
    ),
    DerivedField(
        "connectorVersion",
        "str",
        "(select r.connector_version from hub.run r where r.id = {t}.run_id)",
        "Version of the connector that read this version of the row.",
    ),
)

PAST_PROVENANCE = tuple(
    replace(
        part,
        sql="coalesce((select max(r.started_at) from hub.run r join hub.stream s on s.connector = r.connector"
        " where s.id = {t}.stream_id and r.status = 'SUCCEEDED' and r.started_at <= {at}), {t}.sys_from)",
    )
    if part.graphql == "asOf"
    else part
    for part in PROVENANCE
)
"""Provenance as it was at the instant `{at}`: the last read that had confirmed the row by then."""

DECIDED_BY = (
    "case when starts_with({l}.decided_by, 'run:') then 'RUN' when {l}.decided_by is not null then 'PERSON' end"
)
"""Whether, and not who: a reviewer's name is not everybody's to know."""

LINK = (
    DerivedField("status", "LinkStatus", "coalesce({l}.status, {pending})", "How sure the link is."),
    DerivedField("method", "str | None", "{l}.method", "The rule or model that made it; null while unlinked."),
    DerivedField(
        "confidence", "float | None", "{l}.confidence", "Probability that it is right; null if a rule decided."
    ),
    DerivedField(
        "weight",
        "float | None",
        "{l}.weight",
        "Match weight: the evidence of the model, in bits; null if a rule or a person decided without one.",
    ),
    DerivedField(
        "decidedBy", "DecidedBy | None", DECIDED_BY, "Whether a run or a person decided; null while unlinked."
    ),
    DerivedField("decidedAt", "DateTime | None", "{l}.decided_at", "When it was decided; null while unlinked."),
)

CANDIDATE = (
    DerivedField("method", "str", "{l}.method", "The rule or model that found it."),
    DerivedField(
        "confidence", "float | None", "{l}.confidence", "Probability that it is right; null if no model scored it."
    ),
    DerivedField("weight", "float | None", "{l}.weight", "Match weight in bits; null if no model scored it."),
    DerivedField("decidedBy", "DecidedBy", DECIDED_BY, "Whether a run found it or a person left it open."),
    DerivedField("decidedAt", "DateTime", "{l}.decided_at", "When it was found."),
)

VETO_CODES = ", ".join(f"{veto.code} ({veto.reason.vi}; {veto.reason.en})" for veto in VETOES)
EVIDENCE = (
    DerivedField(
        "comparison",
        "str",
        "{e}->>'comparison'",
        "The comparison: name, birthYear, …; or `veto`: a reason why no run joins it.",
    ),
    DerivedField(
        "outcome",
        "str",
        "{e}->>'outcome'",
        f"What came of it: agrees, differs, missing, or a level of agreement. Of a veto its code: {VETO_CODES}.",
    ),
    DerivedField("bits", "float | None", "({e}->>'bits')::real", "What it adds to the weight; null if a rule decided."),
)
"""One comparison `{e}`, an object of the list that stands in the link."""

MERGED_SINCE = DerivedField("since", "DateTime", "{h}.sys_from", "Since when it has counted as the same.")
"""What the graph adds to the identifiers of a merged row; `{h}` is its entry among the heirs."""


def camel_sql(column: str) -> str:
    """The GraphQL name of a column whose name an expression gives: SQL's counterpart of `names.camel`."""
    return (
        "(select string_agg(case p.place when 1 then p.part else initcap(p.part) end, '' order by p.place)"
        f" from regexp_split_to_table({column}, '_') with ordinality p(part, place))"
    )


DISCREPANCY = (
    DerivedField(
        "field", "str", camel_sql("{t}.subject_field"), "The field of the subject, as its authoritative source has it."
    ),
    DerivedField("held", "str", "{t}.held", "What the authoritative source holds."),
    DerivedField("recorded", "str", "{t}.recorded", "What the copy says."),
    DerivedField("kind", "DiscrepancyKind", "{t}.kind", "How the two differ."),
    DerivedField("sector", "Sector", "upper({t}.sector)", "The sector that owns the copy and has to mend it."),
    DerivedField(
        "source", "str", _stream("connector"), "The sector system that the copy is from: the name of its connector."
    ),
    DerivedField("since", "DateTime", "{t}.sys_from", "Since when the hub has seen it."),
    DerivedField(
        "resolvedAt",
        "DateTime | None",
        "{t}.sys_to",
        "When the values agreed again, or the link was withdrawn; null while it stands.",
    ),
)

RECORDED_IN = (
    DerivedField("type", "str", "{t}.record_entity", "Name of the record's type."),
    DerivedField(
        "recordId",
        "ID",
        "hub.global_id({t}.record_entity, {t}.record_id)",
        "Global id of the record; `node` has it as its `id`.",
    ),
    DerivedField(
        "field",
        "str",
        camel_sql("{t}.record_field"),
        "Where in the record the copy stands: a field, or `<link>.recorded.<part>` of a subject as recorded.",
    ),
)

PENDING_STATES = ", ".join(f"'{state}'" for state in sorted(PENDING))
PENDING_CORRECTION = f"{{t}}.state in ({PENDING_STATES})"
CORRECTION = (
    DerivedField("id", "ID", "hub.global_id('Correction', {t}.id)", "Id of the correction, for mutations."),
    DerivedField("recordType", "str", "{t}.record_entity", "Type of the record, or of the subject that lacks one."),
    DerivedField("recordId", "ID", "hub.global_id({t}.record_entity, {t}.record_id)", "Global id of the record."),
    DerivedField(
        "field",
        "str",
        "{t}.field",
        "Field as the graph reaches it from the record: `area`, `holderLink.recorded.name`; of a missing record the list that lacks it.",
    ),
    DerivedField("state", "CorrectionState", "{t}.state", "Where it stands."),
    DerivedField("overdue", "bool", f"({PENDING_CORRECTION} and {{t}}.due_at < now())", "Whether the source should have acted by now."),
    DerivedField("since", "DateTime", "{t}.opened_at", "When it was opened."),
    DerivedField("dueAt", "DateTime", "{t}.due_at", "By when the source has to act: the end of a working day."),
    DerivedField("source", "str", "{t}.connector", "The sector system that owns the value: the name of its connector."),
    DerivedField("sourceKey", "str | None", "{t}.source_key", "Key of the row in its source; null for a missing record."),
    DerivedField("origin", "CorrectionOrigin", "{t}.origin", "What it was opened from."),
    DerivedField("held", "str | None", "{t}.held", "The wrong value that the source held last; null if it is empty."),
    DerivedField("claimed", "str | None", "{t}.claimed", "The value that it should have; null if it should be empty."),
    DerivedField("reason", "str | None", "{t}.reason", "Why, in a sentence; null once the time of keeping it is over."),
    DerivedField("answer", "str | None", "{t}.answer", "What the source said, such as why it refuses; null if it has not said anything."),
    DerivedField("dossier", "str | None", "(select d.code from hub.dossier d where d.id = {t}.dossier_id)", "Code of the dossier under which it was opened; null if there was none."),
    DerivedField("sentAt", "DateTime | None", "{t}.sent_at", "When the source last received it; null if it has not."),
    DerivedField("reminders", "int", "{t}.reminders", "How often the source was reminded."),
    DerivedField("decidedAt", "DateTime | None", "{t}.decided_at", "When the source acknowledged or refused it; null if it has not."),
    DerivedField("closedAt", "DateTime | None", "{t}.closed_at", "When it was resolved or withdrawn; null while it is neither."),
)  # fmt: skip
PAST_CORRECTION = tuple(
    replace(part, sql=part.sql.replace("now()", "{at}")) if part.graphql == "overdue" else part for part in CORRECTION
)
"""Corrections as they stood at the instant `{at}`."""
CORRECTION_VALUES = frozenset({"held", "claimed", "reason", "answer", "sourceKey"})
"""Parts that hold personal data: never shown to masked reads."""
