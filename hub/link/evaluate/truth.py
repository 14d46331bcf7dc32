"""The truth of a deployment: a folder of CSV files, and `truth.toml`, which says where in the store each of them belongs.

    [[subjects]]                # who or what the keys of the truth mean: rows of a register
    file = "population.cong_dan.csv"
    kind = "person"             # the subject_kind that the links below use
    connector = "population"
    stream = "citizens"
    entity = "Citizen"

    [[links]]                   # whom or what records really mean
    file = "land.quyen-su-dung-dat.csv"
    role = "chu_su_dung"        # of the file's rows those with this role; all, where it is left out
    connector = "land"
    stream = "rights"
    field = "LandUseRight.holder"

    [[duplicates]]              # rows of a register that are one subject: source_id, same_as
    file = "population.duplicates.csv"
    connector = "population"
    stream = "citizens"
    entity = "Citizen"

Files of subjects and links have the columns source_id, role, subject_kind, subject_key and dirt: the key of the row at its
source, the key of the subject (empty for a subject that no register holds), and the known faults of the row, joined by `;`.
A row's key in the store is `source_key`, a pattern over the columns: `{source_id}` unless stated.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from hub.errors import HubMisconfigured
from hub.model.registry import Entity, Linked, load_registry

Entry = TypeVar("Entry")

INDEX = "truth.toml"
OWN_KEY = "{source_id}"
COLUMNS = ("source_id", "role", "subject_kind", "subject_key", "dirt")
PAIR_COLUMNS = ("source_id", "same_as")


@dataclass(frozen=True)
class TruthSource:
    """A file, and the rows of the store that it is about."""

    file: str
    connector: str
    stream: str
    source_key: str = OWN_KEY


@dataclass(frozen=True)
class SubjectTruth:
    """Which subject each row of a register is."""

    source: TruthSource
    kind: str
    entity: Entity


@dataclass(frozen=True)
class LinkTruth:
    """Which subject each record means, by one of its fields."""

    source: TruthSource
    role: str | None
    entity: Entity
    linked: Linked

    @property
    def field(self) -> str:
        """Its name, `Entity.field`."""
        return f"{self.entity.name}.{self.linked.name}"


@dataclass(frozen=True)
class DuplicateTruth:
    """Which rows of a register are one subject."""

    source: TruthSource
    entity: Entity


@dataclass(frozen=True)
class Truth:
    """What `truth.toml` of a folder says."""

    folder: Path
    subjects: tuple[SubjectTruth, ...]
    links: tuple[LinkTruth, ...]
    duplicates: tuple[DuplicateTruth, ...]


def read_index(folder: Path) -> Truth:
    """The index of a folder. Raises HubMisconfigured if it is missing, or names what there is not."""
    path = folder / INDEX
    if not path.exists():
        raise HubMisconfigured(
            f"there is no {INDEX} in {folder}",
            next_step="name a folder of truth; docs/how-to/measure-links.md describes its files",
        )
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise HubMisconfigured(f"{path} is not TOML: {error}", next_step="correct the line that is named") from None
    return Truth(
        folder,
        tuple(_each(document, path, "subjects", ("kind", "entity"), (), _subject)),
        tuple(_each(document, path, "links", ("field",), ("role",), _link)),
        tuple(_each(document, path, "duplicates", ("entity",), (), _duplicate)),
    )


def _each(
    document: Mapping[str, Any],
    path: Path,
    section: str,
    needed: tuple[str, ...],
    possible: tuple[str, ...],
    make: Callable[[TruthSource, Mapping[str, str]], Entry],
) -> Iterable[Entry]:
    source_keys = ("file", "connector", "stream")
    for at, entry in enumerate(document.get(section, []), 1):
        missing = [key for key in (*source_keys, *needed) if not isinstance(entry.get(key), str)]
        unknown = sorted(set(entry) - {*source_keys, "source_key", *needed, *possible})
        if missing or unknown:
            words = [*(f"{key} is missing" for key in missing), *(f"{key} is not known" for key in unknown)]
            raise HubMisconfigured(
                f"{path}, entry {at} of {section}: {', '.join(words)}",
                next_step="correct the entry; see docs/how-to/measure-links.md",
            )
        source = TruthSource(entry["file"], entry["connector"], entry["stream"], entry.get("source_key", OWN_KEY))
        if not (path.parent / source.file).exists():
            raise HubMisconfigured(
                f"{path}, entry {at} of {section}: there is no {source.file} beside it",
                next_step="put the file there, or take the entry out",
            )
        yield make(source, entry)


def _entity(name: str) -> Entity:
    if name not in load_registry().entities:
        raise HubMisconfigured(
            f"{INDEX} names the entity {name}, which there is not",
            next_step=f"use one of: {', '.join(load_registry().entities)}",
        )
    return load_registry()[name]


def _subject(source: TruthSource, entry: Mapping[str, str]) -> SubjectTruth:
    return SubjectTruth(source, entry["kind"], _entity(entry["entity"]))


def _link(source: TruthSource, entry: Mapping[str, str]) -> LinkTruth:
    owner, _, name = entry["field"].partition(".")
    entity = _entity(owner)
    by_name = {linked.name: linked for linked in entity.linked}
    if name not in by_name:
        raise HubMisconfigured(
            f"{INDEX} names the linked field {entry['field']}, which there is not",
            next_step=f"{owner} has: {', '.join(by_name) or 'none'}",
        )
    return LinkTruth(source, entry.get("role"), entity, by_name[name])


def _duplicate(source: TruthSource, entry: Mapping[str, str]) -> DuplicateTruth:
    entity = _entity(entry["entity"])
    if not entity.duplicates:
        raise HubMisconfigured(
            f"{INDEX} has duplicates of {entity.name}, which the schema does not look for",
            next_step="take the entry out, or declare the entity with duplicates=True",
        )
    return DuplicateTruth(source, entity)


def subjects_of(truth: Truth, entry: SubjectTruth) -> pl.DataFrame:
    """Columns source_key, subject_kind, subject_key: a row for each row of the register."""
    rows = _read(truth.folder / entry.source.file, COLUMNS)
    kept = rows.filter(pl.col("subject_kind") == entry.kind)
    return kept.select(_key(entry.source), "subject_kind", "subject_key").unique("source_key", maintain_order=True)


def links_of(truth: Truth, entry: LinkTruth) -> pl.DataFrame:
    """Columns source_key, subject_kind, subject_key, dirt: a row for each record."""
    rows = _read(truth.folder / entry.source.file, COLUMNS)
    if entry.role is not None:
        rows = rows.filter(pl.col("role") == entry.role)
    chosen = rows.select(_key(entry.source), "subject_kind", "subject_key", "dirt")
    # A source that sends a row twice has it twice in its truth.
    return chosen.unique("source_key", keep="first", maintain_order=True)


def duplicates_of(truth: Truth, entry: DuplicateTruth) -> pl.DataFrame:
    """Columns source_key and same_as: keys of two rows of the register that are one subject."""
    rows = _read(truth.folder / entry.source.file, PAIR_COLUMNS)
    return rows.select(_key(entry.source), "same_as").unique(maintain_order=True)


def _read(path: Path, columns: tuple[str, ...]) -> pl.DataFrame:
    """A file as text, nothing for empty."""
    read = pl.read_csv(path, infer_schema=False).with_columns(pl.all().fill_null(""))
    missing = [column for column in columns if column not in read.columns]
    if missing:
        raise HubMisconfigured(
            f"{path} has no column {', '.join(missing)}", next_step=f"its columns are: {', '.join(columns)}"
        )
    return read


def _key(source: TruthSource) -> pl.Expr:
    names = [part.split("}")[0] for part in source.source_key.split("{")[1:]]
    pattern = source.source_key
    for name in names:
        pattern = pattern.replace("{" + name + "}", "{}")
    return pl.format(pattern, *names).alias("source_key")
