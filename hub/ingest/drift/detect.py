"""Detect drift: a source that differs from its manifest or from the last read. Pure: frames and facts in, findings out.

A `DriftDetector` sees the batches of one read before they are written. Columns are compared with the manifest in every
batch, the kinds of their values in the first batch, and codes whenever the check rejects one. Findings name columns,
fields and short codes, never any other value.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from hub.ingest.drift.value_kinds import MIN_VALUES, SAMPLE_ROWS, ValueKind, ValueSample, classify_values, is_retyped
from hub.ingest.read.reader import READER_COLUMNS
from hub.ingest.transform import map as mapping
from hub.model.procedure_columns import map_procedures_by_column
from hub.model.registry import Entity, load_registry
from hub.sdk.manifest import Manifest
from hub.sdk.streams import Stream

DriftKind = Literal["ADDED", "REMOVED", "RENAMED", "EMPTIED", "RETYPED", "CODE"]
DriftGrade = Literal["INFO", "WARNING", "BREAKING"]
StreamShape = Mapping[str, str]
"""Column → the kind of its values, as kept in `hub.stream.columns`."""

SIMILAR_NAME_RATIO = 0.6
"""From this difflib ratio on, two names probably mean the same column: `ho_ten` and `hoten`, `ngay_sinh` and
`ngaysinh`.
"""
MAX_SHOWN_CODES = 10
MAX_CODE_CHARS = 20
OUTSIDE_PREFIX = "has codes outside its list: "
LONG_NUMBER = re.compile(r"[0-9]{6}")
LONGEST_NAME_CHARS = 60
GONE_DETAIL = "is no longer there"
EMPTIED_DETAIL = "held values and now holds none"
LATER_SAMPLE_ROWS = 200
"""Rows sampled from each later batch: a sorted file may begin with rows that did not change."""


@dataclass(frozen=True)
class ColumnUse:
    """What a column is used for: entity → fields, the procedures that read them, and how severe its loss is."""

    entities: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    procedures: tuple[str, ...] = ()
    grade: DriftGrade = "INFO"


UNUSED = ColumnUse()


@dataclass(frozen=True)
class DriftFinding:
    """One way in which a stream differs from its declaration. `detail` continues the sentence "column X …"."""

    kind: DriftKind
    column: str
    detail: str
    use: ColumnUse = UNUSED

    @property
    def identity(self) -> tuple[str, str]:
        """At most one finding with this identity is open per stream."""
        return self.kind, self.column

    @property
    def stops(self) -> bool:
        """Whether a frozen stream stops at this finding."""
        return self.kind == "ADDED" or self.use.grade != "INFO"

    def describe(self, where: str) -> str:
        """Describe the finding in a sentence, for reports."""
        return f"{where}: column {self.column} {self.detail}"


def find_column_uses(stream: Stream) -> Mapping[str, ColumnUse]:
    """Map every column that the stream maps to what it is used for."""
    entities: dict[str, dict[str, list[str]]] = {}
    graded: dict[str, DriftGrade] = {}
    procedures: dict[str, set[str]] = {}
    reading = mapping.list_reading_columns(stream)
    for name, emit in stream.emits.items():
        for target, made in emit.fields.items():
            used = map_procedures_by_column().get((name, target), ())
            hard = bool(used) or not load_registry()[name].column(target).nullable
            for column in stream.list_columns_of(made):
                entities.setdefault(column, {}).setdefault(name, []).append(target)
                procedures.setdefault(column, set()).update(used)
                if hard or column not in graded:
                    graded[column] = "BREAKING" if hard else "WARNING"
    return {
        column: ColumnUse(
            {name: tuple(fields) for name, fields in entities.get(column, {}).items()},
            tuple(sorted(procedures.get(column, ()))),
            "BREAKING" if column in reading else graded.get(column, "WARNING"),
        )
        for column in stream.list_columns()
    }


def find_column_drift(
    added: Iterable[str], gone: Iterable[str], renamed: Mapping[str, str], known: Mapping[str, ColumnUse]
) -> tuple[DriftFinding, ...]:
    """Return findings for unmapped columns, for missing ones, and for columns that were renamed."""
    found = [
        DriftFinding("RENAMED", old, f"is no longer there; it is probably {show_column_name(new)} now", known[old])
        for old, new in renamed.items()
    ]
    found += [DriftFinding("REMOVED", column, GONE_DETAIL, known[column]) for column in gone if column not in renamed]
    taken = set(renamed.values())
    return (
        *found,
        *(DriftFinding("ADDED", show_column_name(c), "is neither mapped nor ignored") for c in added if c not in taken),
    )


def show_column_name(column: str) -> str:
    """Return the name of an undeclared column, or a placeholder if it might be a value."""
    fine = column.isprintable() and len(column) <= LONGEST_NAME_CHARS and not LONG_NUMBER.search(column)
    return column if fine else "(name withheld: it looks like a value)"


def guess_renames(
    removed: Iterable[str], added: Iterable[str], before: StreamShape, now: StreamShape
) -> Mapping[str, str]:
    """Map removed columns to the added ones they probably became: a similar name, or the only other column of the same
    kind.
    """
    left, new = list(removed), list(added)
    pairs = sorted(((-_compare_names(a, b), a, b) for a in left for b in new), key=lambda pair: pair)
    found: dict[str, str] = {}
    for ratio, a, b in pairs:
        if -ratio >= SIMILAR_NAME_RATIO and a not in found and b not in found.values():
            found[a] = b
    rest, others = [a for a in left if a not in found], [b for b in new if b not in found.values()]
    if len(rest) == len(others) == 1 and before.get(rest[0], "unknown") == now[others[0]] != "unknown":
        found[rest[0]] = others[0]
    return found


def _compare_names(left: str, right: str) -> float:
    first, second = (re.sub(r"[^\w]|_", "", name).lower() for name in (left, right))
    return difflib.SequenceMatcher(None, first, second).ratio()


def describe_outside_codes(values: Set[str]) -> str:
    """Describe codes outside a list: by name if they are few, short and look like codes, otherwise by magnitude."""
    if len(values) <= MAX_SHOWN_CODES and all(_like_a_code(value) for value in values):
        return OUTSIDE_PREFIX + ", ".join(sorted(values))
    if len(values) <= MAX_SHOWN_CODES:
        return "has values outside its code list, which are not shown"
    # A magnitude instead of a count, so that the wording stays the same while the finding does.
    return f"has more than {10 ** (len(str(len(values) - 1)) - 1):,} different values outside its code list"


def _like_a_code(value: str) -> bool:
    """Whether a value is short words without a long number, only the first capitalised: two capitalised words may be a
    name.
    """
    words = value.split(" ")
    return (
        0 < len(value) <= MAX_CODE_CHARS
        and all(re.fullmatch(r"[\w./-]+", word) for word in words)
        and not any(word[0].isupper() for word in words[1:])
        and not LONG_NUMBER.search(value)
    )


def is_covered(finding: DriftFinding, detail: str | None) -> bool:
    """Whether the detail that a person accepted covers this finding."""
    if detail is None or finding.kind != "CODE":
        return finding.detail == detail
    if finding.detail.startswith(OUTSIDE_PREFIX) and detail.startswith(OUTSIDE_PREFIX):
        return set(finding.detail[len(OUTSIDE_PREFIX) :].split(", ")) <= set(detail[len(OUTSIDE_PREFIX) :].split(", "))
    return finding.detail == detail


class DriftDetector:
    """Compares the batches of one read in order and returns the new findings of each. Its attributes are only ever replaced."""

    def __init__(self, manifest: Manifest, name: str, before: StreamShape) -> None:
        self.stream = manifest.streams[name]
        self.before = before
        self.uses = find_column_uses(self.stream)
        # Events omit empty values.
        self.partial = manifest.kind in ("stream", "push")
        self.seen: Mapping[str, ValueSample] = {}
        self.findings: Mapping[tuple[str, str], DriftFinding] = {}
        self.renamed: Mapping[str, str] = {}
        self._outside: dict[str, set[str]] = {}
        self._valued: frozenset[str] = frozenset()
        """Mapped columns that had a value in this read."""
        self._rows = 0

    def check_batch(self, raw: pl.DataFrame, frame: pl.DataFrame) -> tuple[DriftFinding, ...]:
        """Compare the columns of a batch before and after patches and transform. Returns new findings."""
        mapped = self.stream.list_columns()
        own = {c for c in READER_COLUMNS if c not in mapped}
        present = [c for c in raw.columns if c not in own] + [c for c in frame.columns if c in mapped]
        lists = _list_nested_columns(self.stream, frame)
        new = [c for c in dict.fromkeys(present) if c not in self.seen]
        if new:
            source = {c: frame[c] if c in mapped and c in frame.columns else raw[c] for c in new}
            self.seen = {
                **self.seen,
                **{c: classify_values(_sample_spread(values, SAMPLE_ROWS)) for c, values in source.items()},
            }
        self.seen = {**self.seen, **{c: ValueSample("unknown") for c in lists if c not in self.seen}}
        gone = [] if self.partial else mapping.find_missing_columns(self.stream, frame.columns)
        now = {c: self.seen[c].kind for c in (*present, *lists)}
        # A file without a header has values for names: if most columns are missing, do not report the others.
        added = [] if 2 * len(gone) > len(mapped) else mapping.find_unexpected_columns(self.stream, now)
        self.renamed = guess_renames(gone, [c for c in added if show_column_name(c) == c], self.before, now)
        found = list(find_column_drift(added, gone, self.renamed, self.uses))
        found += [
            self._describe_retyped(c, self.seen[c]) for c in new if c in mapped and self._is_retyped(c, self.seen[c])
        ]
        found += self._check_later_batch(frame, [c for c in frame.columns if c in mapped and c not in new])
        self._rows += frame.height
        self._valued |= {c for c in frame.columns if c in mapped and frame[c].null_count() < frame.height}
        return self._keep_new(found)

    def _check_later_batch(self, frame: pl.DataFrame, columns: Iterable[str]) -> list[DriftFinding]:
        """Find columns whose values are of another kind in this batch than in the last read."""
        told = {column for kind, column in self.findings if kind == "RETYPED"}
        looks = {
            c: classify_values(_sample_spread(frame[c], LATER_SAMPLE_ROWS))
            for c in columns
            if c not in told and self.before.get(c, "unknown") != "unknown"
        }
        return [self._describe_retyped(c, shown) for c, shown in looks.items() if self._is_retyped(c, shown)]

    def _is_retyped(self, column: str, shown: ValueSample) -> bool:
        return is_retyped(self.before.get(column, "unknown"), shown)

    def check_codes(self, entity: Entity, canonical: pl.DataFrame, faults: pl.DataFrame) -> tuple[DriftFinding, ...]:
        """Find codes that the check rejected as outside their lists. `faults` has, per row position, the rule that a
        field breaks.
        """
        found: list[DriftFinding] = []
        for name, made in self.stream.emits[entity.name].fields.items():
            origin = ", ".join(self.stream.list_columns_of(made))
            if not origin or faults[name].null_count() == faults.height:
                continue
            wrong = pl.col(name).is_not_null() & (pl.col(name) != "required")
            wrong &= pl.lit(value=True) if made.codes else pl.col(name) == "code"
            rows = faults.filter(wrong)["row"]
            if rows.is_empty():
                continue
            values = self._outside.setdefault(origin, set())
            values |= set(canonical[name].gather(rows).cast(pl.String).str.strip_chars().unique())
            touch = self.uses[next(self.stream.list_columns_of(made))]
            found.append(DriftFinding("CODE", origin, describe_outside_codes(values), touch))
        return self._keep_new(found)

    def check_end(self) -> tuple[DriftFinding, ...]:
        """After a full read, find columns that existed last time and arrived in no batch."""
        if self.partial or not self.seen:
            return ()
        told = {f.column for f in self.findings.values() if f.kind in ("REMOVED", "RENAMED")}
        nested = mapping.list_item_columns(self.stream) if self._has_unfolded() else set()
        lost = sorted((set(self.before) | (nested - set(self.stream.optional))) - set(self.seen) - told)
        found = [DriftFinding("REMOVED", c, GONE_DETAIL, self._find_use(c)) for c in lost]
        if self._rows >= MIN_VALUES:
            held = {c for c, kind in self.before.items() if kind != "unknown"} & self.stream.list_columns()
            emptied = sorted((held & set(self.seen)) - self._valued - mapping.list_item_columns(self.stream))
            found += [DriftFinding("EMPTIED", c, EMPTIED_DETAIL, self.uses[c]) for c in emptied]
        return self._keep_new(found)

    def next_shape(self, taken: Set[str], *, whole: bool) -> dict[str, str]:
        """Return the shape to compare the next read with. `taken` are columns whose new kind is accepted."""
        kept = {} if whole else dict(self.before)
        for column, shown in ((c, shown) for c, shown in self.seen.items() if show_column_name(c) == c):
            old = self.before.get(column, "unknown")
            kept[column] = shown.kind if column in taken or old == "unknown" else old
        return kept

    def list_judged(self) -> frozenset[str]:
        """Return columns whose kind this read shows, or that no longer exist."""
        silent = {column for column, shown in self.seen.items() if shown.kind == "unknown"}
        return frozenset((set(self.before) | set(self.seen)) - silent) if self.seen else frozenset()

    def _find_use(self, column: str) -> ColumnUse:
        """Return the use of a column that may be optional or unmapped."""
        touch = self.uses.get(column, UNUSED)
        return ColumnUse(touch.entities, touch.procedures, "INFO") if column in self.stream.optional else touch

    def _describe_retyped(self, column: str, shown: ValueSample) -> DriftFinding:
        words = f"held {_name_kind(self.before[column])} and now holds {_name_kind(shown.kind)}"
        return DriftFinding("RETYPED", column, words, self.uses[column])

    def _has_unfolded(self) -> bool:
        return any(column.startswith(f"{e.explode}.") for e in self.stream.emits.values() for column in self.seen)

    def _keep_new(self, found: Iterable[DriftFinding]) -> tuple[DriftFinding, ...]:
        fresh = tuple(f for f in found if self.findings.get(f.identity) != f)
        self.findings = {**self.findings, **{f.identity: f for f in fresh}}
        return fresh


KIND_NAMES: Mapping[ValueKind, str] = {
    "integer": "whole numbers",
    "decimal": "numbers",
    "day": "days",
    "instant": "instants",
    "boolean": "yes and no",
    "code": "codes",
    "text": "text",
    "list": "lists",
}


def _sample_spread(values: pl.Series, rows: int) -> pl.Series:
    """Return up to `rows` values, spread over the whole column."""
    return values if len(values) <= rows else values.gather_every(len(values) // rows).head(rows)


def _name_kind(kind: str) -> str:
    return next(words for name, words in KIND_NAMES.items() if name == kind)


def _list_nested_columns(stream: Stream, frame: pl.DataFrame) -> list[str]:
    """Return the columns that unfolding lists will give, by the type of the lists."""
    found: list[str] = []
    for emit in stream.emits.values():
        kind = frame.schema.get(emit.explode or "")
        if isinstance(kind, pl.List):
            found += _list_paths(f"{emit.explode}", kind.inner)
    return found


def _list_paths(name: str, kind: object) -> list[str]:
    if not isinstance(kind, pl.Struct):
        return []
    return [
        path
        for inner in kind.fields
        for path in (_list_paths(f"{name}.{inner.name}", inner.dtype) or [f"{name}.{inner.name}"])
    ]
