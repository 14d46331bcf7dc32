"""The streams of a manifest, by kind of source: how a list of rows is read, what identifies a row, what it becomes."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from hub.sdk.mapping import Condition, Emit, FieldMapping, Patch
from hub.sdk.paging import CursorPaging, DocumentPath, OffsetPaging, PagePaging, Paging
from hub.sdk.parts import Duration, Part
from hub.sdk.paths import split_at_list

Drift = Literal["evolve", "freeze", "discard_value", "discard_row"]


class Cursor(Part):
    """What grows with every change at the source, so that a read can begin where the last one ended."""

    column: str = Field(description="A time or a growing number, on every row.")
    kind: Literal["time", "number"] = Field("time", description="What it is.")
    overlap: Duration = Field("15 min", validate_default=True, description="How far back a read begins again (time).")
    overlap_numbers: int = Field(0, ge=0, description="The same for numbers.")


class Stream(Part):
    """What every stream has."""

    read: Literal["full", "incremental"] = Field("full", description="All rows each time, or those since the last.")
    cursor: Cursor | None = Field(None, description="For incremental reads.")
    key: tuple[str, ...] = Field(min_length=1, description="Columns that identify a row in its source.")
    changed_at: str | None = Field(
        None, description="Column with the time of change; an older version never overwrites."
    )
    deletes: Literal["sweep", "tombstone", "tombstone+sweep", "none"] = Field(
        "sweep", description="How rows go: those a full read lacks, those marked, both, none."
    )
    tombstone: Condition | None = Field(None, description="The mark of a deleted row.")
    sweep_every: Duration = Field(
        "7 days", validate_default=True, description="Incremental with sweep: how often all keys are read."
    )
    max_deleted: float = Field(0.2, ge=0, le=1, description="Share of rows that may go without a person.")
    max_shrunk: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Share of rows by which a full read may be shorter than the store, without a person.",
    )
    max_changed: float = Field(
        0.2,
        ge=0,
        le=1,
        description="Share of a column's values that one run may empty, change or set aside without a person; 20 values always.",
    )
    volatile: tuple[str, ...] = Field(
        (),
        description="Fields whose values may all change at once, such as a balance; max_changed counts those that are emptied.",
    )
    drift: Drift = Field("evolve", description="What happens when columns or codes are not as declared.")
    commit_rows: int = Field(200_000, ge=1, description="Rows of an incremental read after which it is committed.")
    optional: tuple[str, ...] = Field((), description="Mapped columns that may be absent.")
    ignore: tuple[str, ...] = Field((), description="Columns not wanted.")
    text_encoding: Literal["tcvn3", "vni"] | None = Field(
        None,
        description="What the texts of a database or a workbook really are whose letters show as NguyÔn (tcvn3) or Nguyeãn (vni).",
    )
    patches: tuple[Patch, ...] = Field((), description="Known dirty values, put right before the mapping.")
    emits: dict[str, Emit] = Field(min_length=1, description="Kind of record → its mapping.")

    @model_validator(mode="after")
    def _together(self) -> "Stream":
        if len(set(self.key)) < len(self.key):
            raise ValueError("key: name each column once")
        if self.deletes.startswith("tombstone") != (self.tombstone is not None):
            raise ValueError('deletes = "tombstone" or "tombstone+sweep" and tombstone go together')
        return self

    @property
    def has_lists(self) -> bool:
        """Whether columns may hold lists, so that paths of fields may lead into them: `giay_to[0].so`."""
        return False

    def columns_of(self, mapping: FieldMapping) -> Iterator[str]:
        """The source columns that a field is made of: of a path into a list, the column that holds the list."""
        for path in mapping.columns():
            yield split_at_list(path)[0] if self.has_lists else path

    @property
    def sweeps(self) -> bool:
        """Whether rows that a look at everything lacks are deleted."""
        return self.deletes in ("sweep", "tombstone+sweep")

    def chosen_by(self) -> set[str]:
        """Columns that say whether a row lives: those of each `when`, and of the tombstone."""
        found = {emit.when.column for emit in self.emits.values() if emit.when}
        return found | ({self.tombstone.column} if self.tombstone else set())

    def columns(self) -> set[str]:
        """Every source column that the stream reads."""
        read = {column for emit in self.emits.values() for m in emit.fields.values() for column in self.columns_of(m)}
        read |= {emit.explode for emit in self.emits.values() if emit.explode}
        read |= {column for emit in self.emits.values() for column in emit.item_key}
        read |= self.chosen_by()
        read |= {patch.where.column for patch in self.patches if patch.where}
        return read | set(self.key) | ({self.changed_at} if self.changed_at else set()) | self.read_by()

    def list_columns(self) -> set[str]:
        """Columns that hold lists: those that are unfolded, and those that a path leads into."""
        exploded = {emit.explode for emit in self.emits.values() if emit.explode}
        if not self.has_lists:
            return exploded
        return exploded | {column for column, steps in map(split_at_list, self.paths()) if steps}

    def paths(self) -> set[str]:
        """Every path that a field is made of, as the manifest writes it."""
        return {path for emit in self.emits.values() for made in emit.fields.values() for path in made.columns()}

    def read_by(self) -> set[str]:
        """Columns that reading itself needs."""
        return {self.cursor.column} if self.cursor else set()


class _Incremental(Stream):
    @model_validator(mode="after")
    def _cursor(self) -> "_Incremental":
        if (self.read == "incremental") != (self.cursor is not None):
            raise ValueError('read = "incremental" and cursor go together')
        return self


class SqlStream(_Incremental):
    """A table or view of a database."""

    table: str = Field(description="The table, `schema.table`.")


class Since(Part):
    """The parameter that asks for rows changed since a time or number."""

    parameter: str = Field(description="Name of the parameter.")
    format: str = Field("iso", description='"iso" (UTC, RFC 3339), "epoch" (seconds), or a strptime pattern.')


class RestLookup(Part):
    """How rows are asked for by key: one parameter with up to `batch` keys, or a path with {key}."""

    path: str = Field(description="Path under base_url; {key} in it stands for one key.")
    parameter: str | None = Field(None, description="Parameter that takes the keys.")
    separator: str = Field(",", description="What stands between keys of one request.")
    batch: int = Field(50, ge=1, description="Most keys of one request.")

    @model_validator(mode="after")
    def _one_way(self) -> "RestLookup":
        if ("{key}" in self.path) != (self.parameter is None):
            raise ValueError("give a parameter, or a path with {key}")
        return self


class RestStream(_Incremental):
    """A list of an HTTP API."""

    path: str = Field(description="Path under base_url.")
    parameters: dict[str, str] = Field({}, description="Parameters of every request.")
    format: Literal["json", "jsonl"] = Field("json", description="Pages of JSON, or one body of JSON Lines.")
    records: DocumentPath = Field(
        "", description='Path of the list in a page, "data.items"; empty where the page is the list.'
    )
    paging: Paging | None = Field(
        None, description="How pages follow each other; one answer is all where it is not given."
    )
    ignore_next: bool = Field(
        False, description="Whether an answer may name a next page that the declared paging does not follow."
    )
    conditional: bool = Field(
        True,
        description="Whether a full read of one body asks if it changed (ETag, Last-Modified). It is read all the same once in"
        " `sweep_every`, and always with `paging` or `lookup`.",
    )
    since: Since | None = Field(None, description="For incremental reads.")
    lookup: RestLookup | None = Field(None, description="How single rows are asked for, live.")
    max_page_bytes: int = Field(64_000_000, ge=1_000, description="Largest page, or line of JSON Lines, unpacked.")
    max_body_bytes: int = Field(4_000_000_000, ge=1_000, description="Largest body of JSON Lines, unpacked.")

    @property
    def has_lists(self) -> bool:
        return True

    @model_validator(mode="after")
    def _since(self) -> "RestStream":
        if (self.read == "incremental") != (self.since is not None):
            raise ValueError('read = "incremental" and since go together')
        return self

    @model_validator(mode="after")
    def _readable(self) -> "RestStream":
        stated = {"total_pages", "total", "next", "path"} & {
            k for k, v in (vars(self.paging) if self.paging else {}).items() if v is not None
        }
        if stated and (self.format == "jsonl" or not self.records):
            raise ValueError(f"{stated.pop()} is beside the list: the page must be an object, and records its list")
        if self.lookup and len(self.key) != 1:
            raise ValueError("lookup: rows are asked for by one key column")
        return self


class SoapLookup(Part):
    """How rows are asked for by key."""

    operation: str = Field(description="Name of the operation.")
    argument: str = Field(description="Argument that takes the key.")
    batch: int = Field(1, ge=1, description="Keys of one call; more than one where the argument is a list.")


class SoapStream(_Incremental):
    """An operation of a SOAP service."""

    operation: str = Field(description="Name of the operation.")
    arguments: dict[str, str] = Field({}, description="Arguments of every call.")
    records: str = Field(description="Path of the list in the answer.")
    paging: Annotated[PagePaging | OffsetPaging | CursorPaging, Field(discriminator="kind")] | None = Field(
        None, description="How pages follow each other; one answer is all where it is not given."
    )
    since: Since | None = Field(None, description="For incremental reads: `parameter` is the argument.")
    lookup: SoapLookup | None = Field(None, description="How single rows are asked for, live.")

    @model_validator(mode="after")
    def _ends(self) -> "SoapStream":
        if isinstance(self.paging, PagePaging) and "not_found" in self.paging.end:
            raise ValueError("a SOAP service answers with a fault, not with 404: end takes repeat alone")
        return self

    @property
    def has_lists(self) -> bool:
        return True


class FilesStream(Stream):
    """Files of one pattern. `full`: together they are the whole list; `incremental`: each is taken once, by content."""

    files: str = Field(description="Pattern of names: nghia_vu_thue_*.csv")
    format: Literal["csv", "excel", "jsonl", "parquet"] = Field(description="How the files are written.")
    encoding: str = Field(
        "utf-8", description="csv, jsonl: a name that Python knows, such as cp1258 or utf-16; tcvn3 (ABC) or vni."
    )
    delimiter: str = Field(",", min_length=1, max_length=1, description="csv: what parts the cells.")
    quote: str | None = Field('"', description="csv: the quote; none where quotes are text.")
    skip_rows: int = Field(0, ge=0, description="csv, excel: lines before the header.")
    sheet: str | None = Field(
        None, description="excel: the sheet; the first if it is not given, which must not be hidden."
    )
    header_rows: int = Field(
        1, ge=1, le=10, description='excel: rows of the header; names of several rows are joined by " / ".'
    )
    skip_last_rows: int = Field(0, ge=0, description="excel: rows with anything in them below the table.")
    stop_at: Condition | None = Field(
        None,
        description='excel: the first row below the table, such as the one that says "Tổng cộng"; it must be there.',
    )
    fill_down: tuple[str, ...] = Field(
        (), description="excel (.xlsx): columns in which a cell merged over several rows is the value of each of them."
    )
    serial_dates: tuple[str, ...] = Field(
        (),
        description="excel (.xlsx): columns of days that are plain numbers, counted from 1900 or 1904 as the workbook says.",
    )
    max_memory_bytes: int = Field(
        2_000_000_000, ge=100_000_000, description="excel: memory of the process that unpacks a workbook."
    )
    max_file_bytes: int = Field(4_000_000_000, ge=1_000, description="Largest file, unpacked.")

    @property
    def has_lists(self) -> bool:
        return self.format in ("jsonl", "parquet")

    @model_validator(mode="after")
    def _fits(self) -> "FilesStream":
        if self.cursor is not None:
            raise ValueError("files have no cursor: each is taken once, by content")
        of_excel = {
            "header_rows",
            "skip_last_rows",
            "stop_at",
            "fill_down",
            "serial_dates",
            "sheet",
            "max_memory_bytes",
        }
        given = sorted(of_excel & self.model_fields_set)
        if given and self.format != "excel":
            raise ValueError(f'{given[0]} is of format = "excel" alone')
        if self.read == "incremental" and self.sweeps:
            raise ValueError('files taken once cannot be swept: give deletes = "tombstone" or "none"')
        return self


class EventStream(Stream):
    """Messages of one subject of a JetStream, JSON, one record or a list each."""

    subject: str = Field(description="Subject of the messages; * and > stand for parts of it.")
    durable: str = Field(description="Name of the durable consumer on the server.")
    records: str = Field("", description="Path of the rows in a message; empty where the message is the row.")
    deletes: Literal["sweep", "tombstone", "tombstone+sweep", "none"] = Field(
        "none", description="How rows go: those marked, or none."
    )

    @property
    def has_lists(self) -> bool:
        return True

    @model_validator(mode="after")
    def _events(self) -> "EventStream":
        if self.sweeps or self.cursor is not None or self.read != "full":
            raise ValueError('events: no read, no cursor, and deletes = "tombstone" or "none"')
        return self


class CdcStream(Stream):
    """One table whose changes are followed. Its first read is a snapshot; deletes are those of the source."""

    table: str = Field(description="The table, `schema.table`, in the publication.")

    @model_validator(mode="after")
    def _changes(self) -> "CdcStream":
        if self.cursor is not None or self.read != "full" or self.deletes != "sweep":
            raise ValueError("cdc: no read, cursor or deletes: the log says it all")
        return self


class PushStream(Stream):
    """Rows that the source delivers, JSON, one record or a list each."""

    records: str = Field("", description="Path of the rows in a delivery; empty where the body is the row or the list.")
    deletes: Literal["sweep", "tombstone", "tombstone+sweep", "none"] = Field(
        "none", description="How rows go: those marked, or none."
    )

    @property
    def has_lists(self) -> bool:
        return True

    @model_validator(mode="after")
    def _deliveries(self) -> "PushStream":
        if self.sweeps or self.cursor is not None or self.read != "full":
            raise ValueError('push: no read, no cursor, and deletes = "tombstone" or "none"')
        return self
