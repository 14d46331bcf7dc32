"""Drift: a source that is other than its manifest says, or than it was last time. Pure: frames and facts in, findings out.

A `Watch` sees the batches of one read before they are written. Columns are held against the manifest in every batch, the kinds
of their values in the first, codes wherever the check rejects one. Findings name columns, fields and short codes; no other
value ever stands in them.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from hub.ingest.drift.value_kinds import LEAST, SAMPLE, Kind, Look, look, retyped
from hub.ingest.read.reader import OWN_COLUMNS
from hub.ingest.transform import map as mapping
from hub.model.procedure_columns import map_procedures_by_column
from hub.model.registry import Entity, registry
from hub.sdk.manifest import Manifest
from hub.sdk.streams import Stream

Sort = Literal["ADDED", "REMOVED", "RENAMED", "EMPTIED", "RETYPED", "CODE"]
Grade = Literal["INFO", "WARNING", "BREAKING"]
Shape = Mapping[str, str]
"""Column → the kind of its values: what `hub.stream.columns` keeps."""

ALIKE = 0.6
"""From this ratio of difflib on, two names are probably of one column: `ho_ten` and `hoten`, `ngay_sinh` and `ngaysinh`."""
SHOWN = 10
LETTERS = 20
OUTSIDE = "has codes outside its list: "
LONG_NUMBER = re.compile(r"[0-9]{6}")
LONGEST = 60
GONE = "is no longer there"
EMPTY = "held values and now holds none"
LATER_SAMPLE = 200
"""Rows of a batch after the first that are looked at: a file may be sorted, and begin with what did not change."""


@dataclass(frozen=True)
class Touch:
    """What a column is for: entity → fields, the codes of procedures that read them, and how bad its loss is."""

    entities: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    procedures: tuple[str, ...] = ()
    grade: Grade = "INFO"


UNTOUCHED = Touch()


@dataclass(frozen=True)
class Finding:
    """One way in which a stream is other than expected. `detail` follows "column X" in a sentence."""

    kind: Sort
    column: str
    detail: str
    touch: Touch = UNTOUCHED

    @property
    def identity(self) -> tuple[str, str]:
        """What a stream has one of at a time."""
        return self.kind, self.column

    @property
    def stops(self) -> bool:
        """Whether a frozen stream stops at it."""
        return self.kind == "ADDED" or self.touch.grade != "INFO"

    def words(self, where: str) -> str:
        """As a sentence, for a report."""
        return f"{where}: column {self.column} {self.detail}"


def touches(stream: Stream) -> Mapping[str, Touch]:
    """Every column that the stream maps → what it touches."""
    entities: dict[str, dict[str, list[str]]] = {}
    graded: dict[str, Grade] = {}
    procedures: dict[str, set[str]] = {}
    reading = mapping.reading(stream)
    for name, emit in stream.emits.items():
        for target, made in emit.fields.items():
            used = map_procedures_by_column().get((name, target), ())
            hard = bool(used) or not registry()[name].column(target).nullable
            for column in stream.columns_of(made):
                entities.setdefault(column, {}).setdefault(name, []).append(target)
                procedures.setdefault(column, set()).update(used)
                if hard or column not in graded:
                    graded[column] = "BREAKING" if hard else "WARNING"
    return {
        column: Touch(
            {name: tuple(fields) for name, fields in entities.get(column, {}).items()},
            tuple(sorted(procedures.get(column, ()))),
            "BREAKING" if column in reading else graded.get(column, "WARNING"),
        )
        for column in stream.columns()
    }


def columns(
    added: Iterable[str], gone: Iterable[str], renamed: Mapping[str, str], known: Mapping[str, Touch]
) -> tuple[Finding, ...]:
    """Findings on columns that nobody mapped or ignored, on mapped ones that are gone, and on those that have a new name."""
    found = [
        Finding("RENAMED", old, f"is no longer there; it is probably {told(new)} now", known[old])
        for old, new in renamed.items()
    ]
    found += [Finding("REMOVED", column, GONE, known[column]) for column in gone if column not in renamed]
    taken = set(renamed.values())
    return (*found, *(Finding("ADDED", told(c), "is neither mapped nor ignored") for c in added if c not in taken))


def told(column: str) -> str:
    """The name of a column that nobody declared, where it is like a name and not like a value."""
    fine = column.isprintable() and len(column) <= LONGEST and not LONG_NUMBER.search(column)
    return column if fine else "(whose name is not like one)"


def renames(removed: Iterable[str], added: Iterable[str], before: Shape, now: Shape) -> Mapping[str, str]:
    """Removed columns → the added ones that they probably are: of a like name, or the one other of the same kind."""
    left, new = list(removed), list(added)
    pairs = sorted(((-_likeness(a, b), a, b) for a in left for b in new), key=lambda pair: pair)
    found: dict[str, str] = {}
    for ratio, a, b in pairs:
        if -ratio >= ALIKE and a not in found and b not in found.values():
            found[a] = b
    rest, others = [a for a in left if a not in found], [b for b in new if b not in found.values()]
    if len(rest) == len(others) == 1 and before.get(rest[0], "unknown") == now[others[0]] != "unknown":
        found[rest[0]] = others[0]
    return found


def _likeness(left: str, right: str) -> float:
    first, second = (re.sub(r"[^\w]|_", "", name).lower() for name in (left, right))
    return difflib.SequenceMatcher(None, first, second).ratio()


def outside(values: Set[str]) -> str:
    """How codes outside a list are told: themselves where they are few, short and look like codes, a magnitude otherwise."""
    if len(values) <= SHOWN and all(_like_a_code(value) for value in values):
        return OUTSIDE + ", ".join(sorted(values))
    if len(values) <= SHOWN:
        return "has values outside its code list, which are not shown"
    # A magnitude, not a number: it is to be the same words as long as it is the same thing.
    return f"has more than {10 ** (len(str(len(values) - 1)) - 1):,} different values outside its code list"


def _like_a_code(value: str) -> bool:
    """Short words of which only the first may be capital, without a long number: two capital words may be a name."""
    words = value.split(" ")
    return (
        0 < len(value) <= LETTERS
        and all(re.fullmatch(r"[\w./-]+", word) for word in words)
        and not any(word[0].isupper() for word in words[1:])
        and not LONG_NUMBER.search(value)
    )


def covered(finding: Finding, detail: str | None) -> bool:
    """Whether what a person has taken, as its detail says, takes this finding in."""
    if detail is None or finding.kind != "CODE":
        return finding.detail == detail
    if finding.detail.startswith(OUTSIDE) and detail.startswith(OUTSIDE):
        return set(finding.detail[len(OUTSIDE) :].split(", ")) <= set(detail[len(OUTSIDE) :].split(", "))
    return finding.detail == detail


class Watch:
    """Sees the batches of one read in their order, and tells what is new in each. Its attributes are only ever replaced."""

    def __init__(self, manifest: Manifest, name: str, before: Shape) -> None:
        self.stream = manifest.streams[name]
        self.before = before
        self.touches = touches(self.stream)
        # Events leave out what they have no value for.
        self.partial = manifest.kind in ("stream", "push")
        self.seen: Mapping[str, Look] = {}
        self.findings: Mapping[tuple[str, str], Finding] = {}
        self.renamed: Mapping[str, str] = {}
        self._outside: dict[str, set[str]] = {}
        self._valued: frozenset[str] = frozenset()
        """Mapped columns that had a value in this read."""
        self._rows = 0

    def see(self, raw: pl.DataFrame, frame: pl.DataFrame) -> tuple[Finding, ...]:
        """The columns of a batch as the source gave it, and as patches and transform left it. Returns what was not known."""
        mapped = self.stream.columns()
        own = {c for c in OWN_COLUMNS if c not in mapped}
        present = [c for c in raw.columns if c not in own] + [c for c in frame.columns if c in mapped]
        lists = _within(self.stream, frame)
        new = [c for c in dict.fromkeys(present) if c not in self.seen]
        if new:
            source = {c: frame[c] if c in mapped and c in frame.columns else raw[c] for c in new}
            self.seen = {**self.seen, **{c: look(_spread(values, SAMPLE)) for c, values in source.items()}}
        self.seen = {**self.seen, **{c: Look("unknown") for c in lists if c not in self.seen}}
        gone = [] if self.partial else mapping.missing(self.stream, frame.columns)
        now = {c: self.seen[c].kind for c in (*present, *lists)}
        # A file without a header has values for names; where most columns are gone, what is there is not told.
        added = [] if 2 * len(gone) > len(mapped) else mapping.unexpected(self.stream, now)
        self.renamed = renames(gone, [c for c in added if told(c) == c], self.before, now)
        found = list(columns(added, gone, self.renamed, self.touches))
        found += [self._retyped(c, self.seen[c]) for c in new if c in mapped and self._differs(c, self.seen[c])]
        found += self._later(frame, [c for c in frame.columns if c in mapped and c not in new])
        self._rows += frame.height
        self._valued |= {c for c in frame.columns if c in mapped and frame[c].null_count() < frame.height}
        return self._new(found)

    def _later(self, frame: pl.DataFrame, columns: Iterable[str]) -> list[Finding]:
        """Columns that hold values of another kind in this batch than in the last read."""
        told = {column for kind, column in self.findings if kind == "RETYPED"}
        looks = {
            c: look(_spread(frame[c], LATER_SAMPLE))
            for c in columns
            if c not in told and self.before.get(c, "unknown") != "unknown"
        }
        return [self._retyped(c, shown) for c, shown in looks.items() if self._differs(c, shown)]

    def _differs(self, column: str, shown: Look) -> bool:
        return retyped(self.before.get(column, "unknown"), shown)

    def codes(self, entity: Entity, canonical: pl.DataFrame, faults: pl.DataFrame) -> tuple[Finding, ...]:
        """Codes that the check found outside their lists: `faults` has for each position the rule that a field breaks."""
        found: list[Finding] = []
        for name, made in self.stream.emits[entity.name].fields.items():
            origin = ", ".join(self.stream.columns_of(made))
            if not origin or faults.is_empty():
                continue
            wrong = pl.col(name).is_not_null() & (pl.col(name) != "required")
            wrong &= pl.lit(value=True) if made.codes else pl.col(name) == "code"
            rows = faults.filter(wrong)["row"]
            if rows.is_empty():
                continue
            values = self._outside.setdefault(origin, set())
            values |= set(canonical[name].gather(rows).cast(pl.String).str.strip_chars().unique())
            touch = self.touches[next(self.stream.columns_of(made))]
            found.append(Finding("CODE", origin, outside(values), touch))
        return self._new(found)

    def finish(self) -> tuple[Finding, ...]:
        """After a read of everything: columns that were there last time and came in no batch."""
        if self.partial or not self.seen:
            return ()
        told = {f.column for f in self.findings.values() if f.kind in ("REMOVED", "RENAMED")}
        nested = mapping.within_lists(self.stream) if self._unfolded() else set()
        lost = sorted((set(self.before) | (nested - set(self.stream.optional))) - set(self.seen) - told)
        found = [Finding("REMOVED", c, GONE, self._touch(c)) for c in lost]
        if self._rows >= LEAST:
            held = {c for c, kind in self.before.items() if kind != "unknown"} & self.stream.columns()
            emptied = sorted((held & set(self.seen)) - self._valued - mapping.within_lists(self.stream))
            found += [Finding("EMPTIED", c, EMPTY, self.touches[c]) for c in emptied]
        return self._new(found)

    def shape(self, taken: Set[str], *, whole: bool) -> dict[str, str]:
        """What to hold the next read against; `taken` are columns whose new kind holds from now on."""
        kept = {} if whole else dict(self.before)
        for column, shown in ((c, shown) for c, shown in self.seen.items() if told(c) == c):
            old = self.before.get(column, "unknown")
            kept[column] = shown.kind if column in taken or old == "unknown" else old
        return kept

    def judged(self) -> frozenset[str]:
        """Columns whose kind this read shows, or that are no longer there."""
        silent = {column for column, shown in self.seen.items() if shown.kind == "unknown"}
        return frozenset((set(self.before) | set(self.seen)) - silent) if self.seen else frozenset()

    def _touch(self, column: str) -> Touch:
        """What a column touches that may be absent, or that nothing is made of."""
        touch = self.touches.get(column, UNTOUCHED)
        return Touch(touch.entities, touch.procedures, "INFO") if column in self.stream.optional else touch

    def _retyped(self, column: str, shown: Look) -> Finding:
        words = f"held {_named(self.before[column])} and now holds {_named(shown.kind)}"
        return Finding("RETYPED", column, words, self.touches[column])

    def _unfolded(self) -> bool:
        return any(column.startswith(f"{e.explode}.") for e in self.stream.emits.values() for column in self.seen)

    def _new(self, found: Iterable[Finding]) -> tuple[Finding, ...]:
        fresh = tuple(f for f in found if self.findings.get(f.identity) != f)
        self.findings = {**self.findings, **{f.identity: f for f in fresh}}
        return fresh


NAMES: Mapping[Kind, str] = {
    "integer": "whole numbers",
    "decimal": "numbers",
    "day": "days",
    "instant": "instants",
    "boolean": "yes and no",
    "code": "codes",
    "text": "text",
    "list": "lists",
}


def _spread(values: pl.Series, rows: int) -> pl.Series:
    """So many values, from the whole of them."""
    return values.gather_every(max(1, len(values) // rows)).head(rows)


def _named(kind: str) -> str:
    return next(words for name, words in NAMES.items() if name == kind)


def _within(stream: Stream, frame: pl.DataFrame) -> list[str]:
    """Columns that the unfolding of lists will give, by the type of the lists."""
    found: list[str] = []
    for emit in stream.emits.values():
        kind = frame.schema.get(emit.explode or "")
        if isinstance(kind, pl.List):
            found += _paths(f"{emit.explode}", kind.inner)
    return found


def _paths(name: str, kind: object) -> list[str]:
    if not isinstance(kind, pl.Struct):
        return []
    return [
        path
        for inner in kind.fields
        for path in (_paths(f"{name}.{inner.name}", inner.dtype) or [f"{name}.{inner.name}"])
    ]
