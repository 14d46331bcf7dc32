"""Where rows come from: tables and links, now or at a past instant, the joins between them, and the conditions on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.model.tables import ACCEPTED
from hub.plan.binds import Bind
from hub.plan.nodes import AllOf, AnyOf, ByColumn, ByKey, ByLink, Condition, Not, Scalar, Test, Through, Via

LINK_COLUMNS = "record_id, subject_id, subject_kind, status, method, confidence, decided_at"


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
    """Renders sources and conditions, and collects the binds of the statement."""

    past: Past | None
    binds: list[Bind] = field(default_factory=list)

    def bind(self, bind: Bind) -> str:
        """The placeholder of a bind; equal binds share one."""
        if bind not in self.binds:
            self.binds.append(bind)
        return f"${self.binds.index(bind) + 1}::{bind.cast}"

    def table(self, table: str) -> str:
        """The rows of an entity that hold: in `data`, or at the past instant in `data` and `history` together."""
        if self.past is None:
            return f"data.{table}"
        return self._held(f"data.{table}", f"history.{table}", ", ".join(self.past.columns[table]))

    def links(self, table: str) -> str:
        """The links of a linked field that hold."""
        if self.past is None:
            return f"link.{table}"
        return self._held(f"link.{table}", f"link_history.{table}", LINK_COLUMNS)

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
        if isinstance(via, ByColumn):
            return own, [f"{names.row}.{via.column} = {names.parent}.{via.parent_column}"]
        if isinstance(via, ByKey):
            return own, [f"{names.row}.{via.column} = {self.bind(via.bind)}"]
        if isinstance(via, ByLink):
            near, far = ("subject_id", "record_id") if via.back else ("record_id", "subject_id")
            link = f"{self.links(via.table)} {names.link} join {own} on {names.row}.id = {names.link}.{far}"
            return link, [f"{names.link}.{near} = {names.parent}.id", f"{names.link}.{ACCEPTED}"]
        return own, []

    def condition(self, condition: Condition, row: str) -> str:
        """The condition on the row of this alias."""
        if isinstance(condition, Test):
            sql = condition.sql.replace("{t}", row)
            for index, bind in enumerate(condition.binds):
                sql = sql.replace(f"{{{index}}}", self.bind(bind))
            return f"({sql})"
        if isinstance(condition, Not):
            return f"(({self.condition(condition.condition, row)}) is not true)"
        if isinstance(condition, Through):
            names = Aliases(f"{row}f", f"{row}l", row)
            source, hung = self.source(condition.via, condition.table, names)
            inner = hung + [self.condition(c, names.row) for c in condition.conditions]
            return f"{'not ' if condition.none else ''}exists (select from {source}{where(inner)})"
        word, none = (" and ", "true") if isinstance(condition, AllOf) else (" or ", "false")
        assert isinstance(condition, AllOf | AnyOf)
        inner = [self.condition(c, row) for c in condition.conditions]
        return f"({word.join(inner)})" if inner else none


def where(conditions: Sequence[str]) -> str:
    """A where clause; nothing where there is no condition."""
    return f" where {' and '.join(conditions)}" if conditions else ""
