"""Plan nodes: pure values between an operation and its SQL. Expressions name the row `{t}`, its link `{l}`."""

from dataclasses import dataclass

from hub.plan.binds import Bind

# --- How the rows of a node hang on the row above ---------------------------------------------------------------------


@dataclass(frozen=True)
class ViaColumn:
    """`{t}.column = {parent}.parent_column`: a reference, from either end."""

    column: str
    parent_column: str


@dataclass(frozen=True)
class ViaLink:
    """Over an accepted link, from the record to its subject, or (`back`) from the subject to its records."""

    table: str
    back: bool = False


@dataclass(frozen=True)
class ViaKey:
    """`{t}.column = bind`: a root row by one of its identifiers."""

    column: str
    bind: Bind


@dataclass(frozen=True)
class ViaFound:
    """`{t}.found_id` is the subject above; where it can be the heir of merged rows (`heir`), it or one of these."""

    heir: bool


@dataclass(frozen=True)
class EveryRow:
    """Every row: a root connection."""


Via = ViaColumn | ViaLink | ViaKey | ViaFound | EveryRow


# --- The selection of a row ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scalar:
    """One expression over the row."""

    key: str
    sql: str


@dataclass(frozen=True)
class Group:
    """An object made of the same row: provenance, a subject as recorded. It may hold hidden members too."""

    key: str
    members: "tuple[Member, ...]"


@dataclass(frozen=True)
class RowObject:
    """An object of one row of an entity."""

    entity: str
    table: str
    members: "tuple[Member, ...]"


@dataclass(frozen=True)
class OneRow:
    """At most one row, or null."""

    key: str
    row: RowObject
    via: Via


@dataclass(frozen=True)
class OneLinkedRow:
    """At most one row of one of several kinds, over an accepted link."""

    key: str
    rows: tuple[RowObject, ...]
    table: str


@dataclass(frozen=True)
class OneByKind:
    """At most one row of one of several kinds; the row above names its kind and number in the expressions."""

    key: str
    rows: tuple[RowObject, ...]
    kind: str
    id: str


@dataclass(frozen=True)
class NodeById:
    """A root row of any kind by global id; a kind that does not fit the number finds nothing."""

    key: str
    rows: tuple[RowObject, ...]
    kind: Bind
    id: Bind


@dataclass(frozen=True)
class NodesById:
    """Root rows of any kind by global ids, in the order of the ids, with nulls."""

    key: str
    rows: tuple[RowObject, ...]
    kinds: Bind
    ids: Bind


@dataclass(frozen=True)
class SearchedColumn:
    """A column that a search finds rows by: what it is called in the answer, its tests from the weakest to the strongest, and
    what each adds to the score. `found` are the conditions of which each is a way to candidates by an index of its own."""

    name: str
    graded: "tuple[tuple[Condition, int], ...]"
    found: "tuple[Condition, ...]"


@dataclass(frozen=True)
class SearchedKind:
    """The rows of one entity that a search finds."""

    entity: str
    table: str
    columns: tuple[SearchedColumn, ...]


@dataclass(frozen=True)
class Search:
    """The rows of several kinds that a text finds, the best first, at most `size`; scalars may name `{more}`, whether there are more."""

    key: str
    kinds: tuple[SearchedKind, ...]
    size: int
    parts: "tuple[Scalar | SearchHits, ...]"


@dataclass(frozen=True)
class SearchHits:
    """The list of hits: members are expressions over a hit `{s}`, and its row of one of several kinds."""

    key: str
    members: "tuple[Scalar | OneByKind, ...]"


@dataclass(frozen=True)
class LinkObject:
    """The link of a record to its subject: as recorded, status, method, evidence, candidates."""

    key: str
    table: str
    members: "tuple[Member | CandidateList | EvidenceList | CandidatePeople, ...]"


@dataclass(frozen=True)
class CandidatePeople:
    """Hidden members of the candidates of a kind that a link has: of every one, or (`pending`) only if no link is accepted."""

    key: str
    table: str
    kind: str
    member: str
    pending: bool


@dataclass(frozen=True)
class EvidenceList:
    """The evidence of the link `{l}`: members are expressions over one comparison `{e}`."""

    key: str
    members: tuple[Scalar, ...]


@dataclass(frozen=True)
class CandidateList:
    """The unconfirmed candidates of a link; `subjects` are the selections of `subject`, by response key and kind."""

    key: str
    table: str
    members: "tuple[Member | CandidateSubject | EvidenceList, ...]"


@dataclass(frozen=True)
class CandidateSubject:
    """The subject of one candidate, of one of several kinds."""

    key: str
    rows: tuple[RowObject, ...]


@dataclass(frozen=True)
class MergedIds:
    """The global ids of the rows that were merged into the row above."""

    key: str
    entity: str


@dataclass(frozen=True)
class MergedRows:
    """The rows that were merged into the row above; members are expressions over the merged row and its heir's entry `{h}`."""

    key: str
    row: RowObject


@dataclass(frozen=True)
class LinkedSubject:
    """The number of the subject of this kind that an accepted link of the row leads to; null if there is none."""

    key: str
    table: str
    kind: str


@dataclass(frozen=True)
class KeyedSubject:
    """The number of the row of this table whose `column` has the value of an expression; null if there is none."""

    key: str
    table: str
    column: str
    value: str


@dataclass(frozen=True)
class OrderTerm:
    """One term of an order: the expression, its SQL type, whether it can be null, its direction."""

    name: str
    sql: str
    cast: str
    nullable: bool
    descending: bool


@dataclass(frozen=True)
class Keyset:
    """A cursor's values, one bind for each term of the order."""

    binds: tuple[Bind, ...]


@dataclass(frozen=True)
class Nodes:
    """`nodes` of a page."""

    key: str
    row: RowObject


@dataclass(frozen=True)
class Edges:
    """`edges` of a page; members are `cursor`, `node` (a Row) and `__typename`."""

    key: str
    members: "tuple[Scalar | Nodes, ...]"


@dataclass(frozen=True)
class PageInfo:
    """`pageInfo` of a page: pairs of response key and field name."""

    key: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class TotalCount:
    """`totalCount` of a page: counted only because it was asked for. It is rounded down to a multiple of `step`."""

    key: str
    step: int = 1


@dataclass(frozen=True)
class NamedRows:
    """Hidden members of rows that a page tells of without showing them: those on it, and the one `beyond` it that `hasNextPage` tells of."""

    key: str
    row: RowObject
    on_page: bool
    beyond: bool


@dataclass(frozen=True)
class NamedCount:
    """Hidden members of the rows that a count counts, if they are at most `most`: so small a number tells of each of them."""

    key: str
    row: RowObject
    most: int


PagePart = Nodes | Edges | PageInfo | TotalCount | Scalar | NamedRows | NamedCount


@dataclass(frozen=True)
class ConnectionPage:
    """A connection: rows that satisfy conditions, in a total order, one page of them.

    The size is part of the plan: PostgreSQL plans a statement well only if it knows how many rows are wanted.
    """

    key: str
    entity: str
    table: str
    via: Via
    conditions: tuple["Condition", ...]
    order: tuple[OrderTerm, ...]
    size: int
    backward: bool
    after: Keyset | None
    before: Keyset | None
    parts: tuple[PagePart, ...]
    cell: int = 1
    """Rows are shown in whole cells of so many: of 14 that satisfy the conditions ten, of nine none, as a rounded count says."""


@dataclass(frozen=True)
class SqlTest:
    """A condition: SQL in which `{0}`, `{1}` … stand for its binds."""

    sql: str
    binds: tuple[Bind, ...] = ()


@dataclass(frozen=True)
class AllOf:
    """Every condition holds; with none, true."""

    conditions: "tuple[Condition, ...]"


@dataclass(frozen=True)
class AnyOf:
    """At least one condition holds; with none, false."""

    conditions: "tuple[Condition, ...]"


@dataclass(frozen=True)
class Not:
    """The condition does not hold; unknown counts as not holding."""

    condition: "Condition"


@dataclass(frozen=True)
class RowExists:
    """There is a row over a link that satisfies the conditions; with `none`, there is no such row."""

    via: Via
    table: str
    conditions: "tuple[Condition, ...]"
    none: bool = False


@dataclass(frozen=True)
class LinkTest:
    """The link of a record satisfies tests: SQL over the link `{l}`, which is null if none is accepted, and `{pending}`."""

    table: str
    tests: "tuple[SqlTest, ...]"


Condition = SqlTest | AllOf | AnyOf | Not | RowExists | LinkTest
Member = (
    Scalar
    | Group
    | OneRow
    | OneLinkedRow
    | OneByKind
    | ConnectionPage
    | LinkObject
    | MergedIds
    | MergedRows
    | LinkedSubject
    | KeyedSubject
)
Root = OneRow | NodeById | NodesById | Search | ConnectionPage | Scalar
