"""Where rows come from: tables and links, now or at a past instant, the joins between them, and the conditions on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.model.names import quote_identifier, quote_identifiers
from hub.model.tables import ACCEPTED
from hub.plan.binds import Bind
from hub.plan.nodes import (
    AllOf,
    AnyOf,
    Condition,
    EveryRow,
    LinkTest,
    Not,
    RowExists,
    Scalar,
    SqlTest,
    Via,
    ViaFound,
    ViaKey,
    ViaLink,
)

LINK_COLUMNS = "record_id, found_id, subject_id, subject_kind, status, method, confidence, weight, evidence, decided_by, decided_at"
DISCREPANCY_TABLE = "discrepancy"
"""The table of discrepancies, which is no entity: its rows stay where they are when they are resolved."""

DISCREPANCY_COLUMNS = (
    "id, subject_kind, found_id, subject_field, held, record_entity, record_id, record_field, recorded, kind, sector,"
    " stream_id, sys_from"
)
CORRECTION_TABLE = "source_correction"
"""The table of corrections, which is no entity either."""

CORRECTION_COLUMNS = (
    "c.id, record_entity, record_id, field, held, claimed, reason, origin, connector, source_key, dossier_id, opened_at, answer,"
    " sent_at, reminders, decided_at, closed_at"
)


@dataclass(frozen=True)
class Past:
    """A past instant, and the columns that data and history have of each table."""

    at: Bind
    columns: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Aliases:
    """The names of a row, of the link it is reached by, and of the row above."""

    row: str
    link: str
    parent: str

    @classmethod
    def at(cls, depth: int) -> "Aliases":
        """The names at a depth."""
        return cls(f"t{depth}", f"l{depth}", f"t{depth - 1}")


@dataclass
class Sources:
    """Renders sources and conditions, and collects the binds of the statement.

    `merging` are the tables whose rows can be merged into others: only for these is anything asked of merges.
    """

    past: Past | None
    merging: frozenset[str] = frozenset()
    binds: list[Bind] = field(default_factory=list)
    _numbers: dict[tuple[object, ...], int] = field(default_factory=dict)

    def bind(self, bind: Bind) -> str:
        """The placeholder of a bind; equal binds share one."""
        # By the text of a leaf: a constant may be a list, which has no hash, and 1 is not true.
        key = (repr(bind.leaf), bind.cast, bind.take)
        number = self._numbers.setdefault(key, len(self.binds) + 1)
        if number > len(self.binds):
            self.binds.append(bind)
        return f"${number}::{bind.cast}"

    def table(self, table: str) -> str:
        """The rows of an entity that hold: in `data`, or at the past instant in `data` and `history` together."""
        if table == DISCREPANCY_TABLE:
            return self._discrepancies()
        if table == CORRECTION_TABLE:
            return self._corrections()
        if self.past is None:
            return f"data.{quote_identifier(table)}"
        return self._held(
            f"data.{quote_identifier(table)}",
            f"history.{quote_identifier(table)}",
            quote_identifiers(self.past.columns[table]),
        )

    def links(self, table: str) -> str:
        """The links of a linked field that hold."""
        if self.past is None:
            return f"link.{quote_identifier(table)}"
        return self._held(f"link.{quote_identifier(table)}", f"link_history.{quote_identifier(table)}", LINK_COLUMNS)

    def heirs(self) -> str:
        """The merges that hold: `subject_id` was merged into `heir_id`."""
        if self.past is None:
            return "link.heir"
        return self._held("link.heir", "link_history.heir", "subject_id, heir_id, sys_from")

    def heir(self, table: str, number: str) -> str:
        """The number of the row that stands for the row of this number."""
        if table not in self.merging:
            return number
        return f"coalesce((select h.heir_id from {self.heirs()} h where h.subject_id = {number}), {number})"

    def _discrepancies(self) -> str:
        """Discrepancies; at the past instant those known by then, without a resolution that came after it."""
        if self.past is None:
            return f"link.{DISCREPANCY_TABLE}"
        at = self.bind(self.past.at)
        resolved = f"case when sys_to <= {at} then sys_to end as sys_to"
        return f"(select {DISCREPANCY_COLUMNS}, {resolved} from link.{DISCREPANCY_TABLE} where sys_from <= {at})"

    def _corrections(self) -> str:
        """Corrections; at the past instant those opened by then, in the state that they had, with the values of today."""
        if self.past is None:
            return f"hub.{CORRECTION_TABLE}"
        at = self.bind(self.past.at)
        then = (
            f"select e.state, e.due_at from hub.source_correction_event e where e.correction_id = c.id and e.at <= {at}"
            " order by e.id desc limit 1"
        )
        return f"(select {CORRECTION_COLUMNS}, e.state, e.due_at from hub.{CORRECTION_TABLE} c cross join lateral ({then}) e)"

    def _held(self, now: str, before: str, columns: str) -> str:
        assert self.past is not None
        at = self.bind(self.past.at)
        return (
            f"(select {columns} from {now} where sys_from <= {at}"
            f" union all select {columns} from {before} where sys_from <= {at} and sys_to > {at})"
        )

    def scalar(self, scalar: Scalar, **names: str) -> str:
        """The expression of a scalar, with the names of the rows in scope."""
        if self.past is not None:
            names["at"] = self.bind(self.past.at)
        return scalar.sql.format(**names)

    def source(self, via: Via, table: str, names: "Aliases") -> tuple[str, list[str]]:
        """The from clause and the conditions that hang a row on the one above."""
        own = f"{self.table(table)} {names.row}"
        if isinstance(via, ViaKey):
            return own, [self._by_key(via, table, names.row)]
        if isinstance(via, ViaFound):
            # By the row found and not by its heir of then: so a merge, and its undoing, shows at once.
            return own, [f"{names.row}.found_id = {self._found(via, names.parent)}"]
        if isinstance(via, ViaLink):
            near, far = ("subject_id", "record_id") if via.back else ("record_id", "subject_id")
            link = f"{self.links(via.table)} {names.link} join {own} on {names.row}.id = {names.link}.{far}"
            return link, [f"{names.link}.{near} = {names.parent}.id", f"{names.link}.{ACCEPTED}"]
        hung = (
            []
            if isinstance(via, EveryRow)
            else [f"{names.row}.{quote_identifier(via.column)} = {names.parent}.{quote_identifier(via.parent_column)}"]
        )
        return own, hung + self._unmerged(table, names.row)

    def _by_key(self, via: ViaKey, table: str, row: str) -> str:
        """The row of this key, or the one that it was merged into. A link leads to an heir already; a key does not."""
        value, column = self.bind(via.bind), quote_identifier(via.column)
        if table not in self.merging:
            return f"{row}.{column} = {value}"
        return (
            f"{row}.id = (select coalesce(h.heir_id, k.id) from {self.table(table)} k"
            f" left join {self.heirs()} h on h.subject_id = k.id where k.{column} = {value})"
        )

    def _found(self, via: ViaFound, parent: str) -> str:
        if not via.heir:
            return f"{parent}.id"
        merged = f"select h.subject_id from {self.heirs()} h where h.heir_id = {parent}.id"
        return f"any (array(select {parent}.id union all {merged}))"

    def _unmerged(self, table: str, row: str) -> list[str]:
        """The condition that a row of a list was not merged into another, which stands for it."""
        if table not in self.merging:
            return []
        return [f"not exists (select from {self.heirs()} m where m.subject_id = {row}.id)"]

    def condition(self, condition: Condition, row: str) -> str:
        """The condition on the row of this alias."""
        if isinstance(condition, SqlTest):
            return self._test(condition, t=row)
        if isinstance(condition, LinkTest):
            return self._over_link(condition, row)
        if isinstance(condition, Not):
            return f"(({self.condition(condition.condition, row)}) is not true)"
        if isinstance(condition, RowExists):
            names = Aliases(f"{row}f", f"{row}l", row)
            source, hung = self.source(condition.via, condition.table, names)
            inner = hung + [self.condition(c, names.row) for c in condition.conditions]
            return f"{'not ' if condition.none else ''}exists (select from {source}{where_clause(inner)})"
        word, none = (" and ", "true") if isinstance(condition, AllOf) else (" or ", "false")
        assert isinstance(condition, AllOf | AnyOf)
        inner = [self.condition(c, row) for c in condition.conditions]
        return f"({word.join(inner)})" if inner else none

    def _test(self, test: SqlTest, **names: str) -> str:
        sql = test.sql
        if self.past is not None:
            names["at"] = self.bind(self.past.at)
        for name, alias in names.items():
            sql = sql.replace(f"{{{name}}}", alias)
        for index, bind in enumerate(test.binds):
            sql = sql.replace(f"{{{index}}}", self.bind(bind))
        return f"({sql})"

    def _over_link(self, condition: LinkTest, row: str) -> str:
        links, alias = self.links(condition.table), f"{row}k"
        tests = [self._test(test, l=alias, pending=self.pending(condition.table, row)) for test in condition.tests]
        joined = f"{links} {alias} on {alias}.record_id = {row}.id and {alias}.{ACCEPTED}"
        return f"exists (select from (select) one left join {joined}{where_clause(tests)})"

    def pending(self, table: str, row: str) -> str:
        """The status of a record that has no accepted link."""
        return (
            f"case when exists (select from {self.links(table)} c where c.record_id = {row}.id)"
            " then 'UNCONFIRMED' else 'UNLINKED' end"
        )


def where_clause(conditions: Sequence[str]) -> str:
    """A where clause; nothing if there is no condition."""
    return f" where {' and '.join(conditions)}" if conditions else ""
