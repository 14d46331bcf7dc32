"""The streams of a manifest, by kind of source: how a list of rows is read, what identifies a row, and what it becomes."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from hub.sdk.mapping import Condition, Emit, FieldMapping, Patch
from hub.sdk.paging import CursorPaging, DocumentPath, OffsetPaging, PagePaging, Paging
from hub.sdk.parts import Duration, ManifestPart
from hub.sdk.paths import split_at_list

DriftMode = Literal["evolve", "freeze", "discard_value", "discard_row"]


class Cursor(ManifestPart):
    """A value that grows with every change at the source, so that a read can begin where the last one ended."""

    column: str = Field(description="A time or a growing number, present in every row.")
    kind: Literal["time", "number"] = Field("time", description="Kind of cursor.")
    overlap: Duration = Field(
        "15 min", validate_default=True, description="How far before the last cursor a read begins (time)."
    )
    overlap_numbers: int = Field(0, ge=0, description="The same for numbers.")


class Stream(ManifestPart):
    """What every stream has."""

    read: Literal["full", "incremental"] = Field(
        "full", description="Whether each read fetches all rows, or those changed since the last."
    )
    cursor: Cursor | None = Field(None, description="For incremental reads.")
    key: tuple[str, ...] = Field(min_length=1, description="Columns that identify a row in its source.")
    changed_at: str | None = Field(
        None, description="Column with the change time; an older version never overwrites a newer one."
    )
    deletes: Literal["sweep", "tombstone", "tombstone+sweep", "none"] = Field(
        "sweep",
        description="Which rows are deleted: those that a full read lacks, those marked by a tombstone, both, or none.",
    )
    tombstone: Condition | None = Field(None, description="The mark of a deleted row.")
    sweep_every: Duration = Field(
        "7 days", validate_default=True, description="For incremental reads with sweep: how often all keys are checked."
    )
    max_deleted: float = Field(0.2, ge=0, le=1, description="Share of rows that may be deleted without approval.")
    max_shrunk: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Share of rows by which a full read may be shorter than the store without approval.",
    )
    max_changed: float = Field(
        0.2,
        ge=0,
        le=1,
        description="Share of a column's values that one run may empty, change or set aside without approval; up to 20 values are always allowed.",
    )
    volatile: tuple[str, ...] = Field(
        (),
        description="Fields whose values may all change at once, such as a balance; for them max_changed only counts emptied values.",
    )
    drift: DriftMode = Field("evolve", description="What happens if columns or codes differ from the manifest.")
    commit_rows: int = Field(200_000, ge=1, description="Rows of an incremental read per commit.")
    optional: tuple[str, ...] = Field((), description="Mapped columns that may be absent.")
    ignore: tuple[str, ...] = Field((), description="Columns that are not needed.")
    text_encoding: Literal["tcvn3", "vni"] | None = Field(
        None,
        description="Actual encoding of texts in a database or workbook whose letters show as NguyÔn (tcvn3) or Nguyeãn (vni).",
    )
    patches: tuple[Patch, ...] = Field((), description="Known dirty values, corrected before the mapping.")
    emits: dict[str, Emit] = Field(min_length=1, description="Entity → its mapping.")

    @model_validator(mode="after")
    def _check_together(self) -> "Stream":
        if len(set(self.key)) < len(self.key):
            raise ValueError("key: name each column only once")
        if self.deletes.startswith("tombstone") != (self.tombstone is not None):
            raise ValueError('deletes = "tombstone" or "tombstone+sweep" and tombstone go together')
        return self

    @property
    def has_lists(self) -> bool:
        """Whether columns may hold lists, so that paths of fields may lead into them: `giay_to[0].so`."""
        return False

    def list_columns_of(self, mapping: FieldMapping) -> Iterator[str]:
        """Yield the source columns of a field; for a path into a list, the column that holds the list."""
        for path in mapping.list_columns():
            yield split_at_list(path)[0] if self.has_lists else path

    @property
    def sweeps(self) -> bool:
        """Whether rows missing from a complete look at the source are deleted."""
        return self.deletes in ("sweep", "tombstone+sweep")

    def list_choosing_columns(self) -> set[str]:
        """Return the columns that say whether a row is living: those of each `when`, and of the tombstone."""
        found = {emit.when.column for emit in self.emits.values() if emit.when}
        return found | ({self.tombstone.column} if self.tombstone else set())

    def list_columns(self) -> set[str]:
        """Return every source column that the stream reads."""
        read = {
            column for emit in self.emits.values() for m in emit.fields.values() for column in self.list_columns_of(m)
        }
        read |= {emit.explode for emit in self.emits.values() if emit.explode}
        read |= {column for emit in self.emits.values() for column in emit.item_key}
        read |= self.list_choosing_columns()
        read |= {patch.where.column for patch in self.patches if patch.where}
        return read | set(self.key) | ({self.changed_at} if self.changed_at else set()) | self.list_reading_columns()

    def find_list_columns(self) -> set[str]:
        """Return columns that hold lists: those that are unfolded, and those that a path leads into."""
        exploded = {emit.explode for emit in self.emits.values() if emit.explode}
        if not self.has_lists:
            return exploded
        return exploded | {column for column, steps in map(split_at_list, self.list_paths()) if steps}

    def list_paths(self) -> set[str]:
        """Return every path that a field is made of, as written in the manifest."""
        return {path for emit in self.emits.values() for made in emit.fields.values() for path in made.list_columns()}

    def list_reading_columns(self) -> set[str]:
        """Return the columns that reading itself needs."""
        return {self.cursor.column} if self.cursor else set()


class _IncrementalStream(Stream):
    @model_validator(mode="after")
    def _cursor(self) -> "_IncrementalStream":
        if (self.read == "incremental") != (self.cursor is not None):
            raise ValueError('read = "incremental" requires cursor, and cursor requires read = "incremental"')
        return self


class SqlStream(_IncrementalStream):
    """A table or view of a database."""

    table: str = Field(description="The table, `schema.table`.")
    lookup: bool = Field(
        False,
        description="Whether single rows may be looked up by key at any time; `key` needs an index in the source.",
    )


class Since(ManifestPart):
    """The parameter that requests rows changed since a time or number."""

    parameter: str = Field(description="Name of the parameter.")
    format: str = Field("iso", description='"iso" (UTC, RFC 3339), "epoch" (seconds), or a strptime pattern.')


class RestLookup(ManifestPart):
    """How rows are looked up by key: one parameter with up to `batch` keys, or a path with {key}."""

    path: str = Field(description="Path under base_url; {key} in it stands for one key.")
    parameter: str | None = Field(None, description="Parameter for the keys.")
    separator: str = Field(",", description="Separator between the keys of one request.")
    batch: int = Field(50, ge=1, description="Maximum keys per request.")

    @model_validator(mode="after")
    def _one_way(self) -> "RestLookup":
        if ("{key}" in self.path) != (self.parameter is None):
            raise ValueError("give either parameter, or a path with {key}")
        return self


class RestStream(_IncrementalStream):
    """A list of an HTTP API."""

    path: str = Field(description="Path under base_url.")
    parameters: dict[str, str] = Field({}, description="Parameters of every request.")
    format: Literal["json", "jsonl"] = Field("json", description="Pages of JSON, or one body of JSON Lines.")
    records: DocumentPath = Field(
        "", description='Path of the list in a page, e.g. "data.items"; empty if the page is the list.'
    )
    paging: Paging | None = Field(None, description="Paging style; without it, one answer is the whole list.")
    ignore_next: bool = Field(
        False, description="Whether an answer may name a next page that the declared paging does not follow."
    )
    conditional: bool = Field(
        True,
        description="Whether a full read of one body first asks if it changed (ETag, Last-Modified). It is read anyway once per"
        " `sweep_every`, and always with `paging` or `lookup`.",
    )
    since: Since | None = Field(None, description="For incremental reads.")
    lookup: RestLookup | None = Field(None, description="How to look up single rows.")
    max_page_bytes: int = Field(
        64_000_000, ge=1_000, description="Maximum size of a page, or of a line of JSON Lines, after decompression."
    )
    max_body_bytes: int = Field(
        4_000_000_000, ge=1_000, description="Maximum size of a JSON Lines body, after decompression."
    )

    @property
    def has_lists(self) -> bool:
        return True

    @model_validator(mode="after")
    def _since(self) -> "RestStream":
        if (self.read == "incremental") != (self.since is not None):
            raise ValueError('read = "incremental" requires since, and since requires read = "incremental"')
        return self

    @model_validator(mode="after")
    def _readable(self) -> "RestStream":
        stated = {"total_pages", "total", "next", "path"} & {
            k for k, v in (vars(self.paging) if self.paging else {}).items() if v is not None
        }
        if stated and (self.format == "jsonl" or not self.records):
            raise ValueError(
                f"{stated.pop()} is outside the list: the page must be an object, and records the path of its list"
            )
        if self.lookup and len(self.key) != 1:
            raise ValueError("lookup needs a stream with exactly one key column")
        return self


class SoapLookup(ManifestPart):
    """How rows are looked up by key."""

    operation: str = Field(description="Name of the operation.")
    argument: str = Field(description="Argument for the key.")
    batch: int = Field(1, ge=1, description="Keys per call; more than one if the argument is a list.")


class SoapStream(_IncrementalStream):
    """An operation of a SOAP service."""

    operation: str = Field(description="Name of the operation.")
    arguments: dict[str, str] = Field({}, description="Arguments of every call.")
    records: str = Field(description="Path of the list in the answer.")
    paging: Annotated[PagePaging | OffsetPaging | CursorPaging, Field(discriminator="kind")] | None = Field(
        None, description="Paging style; without it, one answer is the whole list."
    )
    since: Since | None = Field(None, description="For incremental reads: `parameter` is the argument.")
    lookup: SoapLookup | None = Field(None, description="How to look up single rows.")

    @model_validator(mode="after")
    def _ends(self) -> "SoapStream":
        if isinstance(self.paging, PagePaging) and "not_found" in self.paging.end:
            raise ValueError("a SOAP service never answers 404: end may only be repeat")
        return self

    @property
    def has_lists(self) -> bool:
        return True


class FilesStream(Stream):
    """Files of one pattern. `full`: together they are the whole list; `incremental`: each is taken once, by content."""

    files: str = Field(description="Pattern of file names, e.g. nghia_vu_thue_*.csv")
    format: Literal["csv", "excel", "jsonl", "parquet"] = Field(description="Format of the files.")
    encoding: str = Field(
        "utf-8", description="csv, jsonl: an encoding that Python knows, such as cp1258 or utf-16; or tcvn3 (ABC), vni."
    )
    delimiter: str = Field(",", min_length=1, max_length=1, description="csv: separator between the cells.")
    quote: str | None = Field('"', description="csv: quote character; null if quotes are plain text.")
    skip_rows: int = Field(0, ge=0, description="csv, excel: lines before the header.")
    sheet: str | None = Field(
        None, description="excel: name of the sheet; by default the first, which must not be hidden."
    )
    header_rows: int = Field(
        1, ge=1, le=10, description='excel: rows of the header; names in several rows are joined by " / ".'
    )
    skip_last_rows: int = Field(0, ge=0, description="excel: non-empty rows below the table.")
    stop_at: Condition | None = Field(
        None,
        description='excel: the first row below the table, e.g. the one that says "Tổng cộng"; it must exist.',
    )
    fill_down: tuple[str, ...] = Field(
        (),
        description="excel (.xlsx): columns in which a cell merged over several rows gives its value to each of them.",
    )
    serial_dates: tuple[str, ...] = Field(
        (),
        description="excel (.xlsx): date columns stored as plain numbers, counted from 1900 or 1904 as the workbook says.",
    )
    max_memory_bytes: int = Field(
        2_000_000_000, ge=100_000_000, description="excel: memory limit of the process that unpacks a workbook."
    )
    max_file_bytes: int = Field(4_000_000_000, ge=1_000, description="Maximum size of a file, decompressed.")

    @property
    def has_lists(self) -> bool:
        return self.format in ("jsonl", "parquet")

    @model_validator(mode="after")
    def _fits(self) -> "FilesStream":
        if self.cursor is not None:
            raise ValueError("files have no cursor: each file is taken once, by content")
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
            raise ValueError(f'{given[0]} requires format = "excel"')
        if self.read == "incremental" and self.sweeps:
            raise ValueError('files taken once cannot be swept: declare deletes = "tombstone" or "none"')
        return self


class EventStream(Stream):
    """Messages of one subject of a JetStream: JSON, one record or a list each."""

    subject: str = Field(description="Subject of the messages; * and > are wildcards.")
    durable: str = Field(description="Name of the durable consumer on the server.")
    records: str = Field("", description="Path of the rows in a message; empty if the message is the row.")
    deletes: Literal["sweep", "tombstone", "tombstone+sweep", "none"] = Field(
        "none", description="Which rows are deleted: those marked by a tombstone, or none."
    )

    @property
    def has_lists(self) -> bool:
        return True

    @model_validator(mode="after")
    def _events(self) -> "EventStream":
        if self.sweeps or self.cursor is not None or self.read != "full":
            raise ValueError('event streams have neither read nor cursor, and deletes = "tombstone" or "none"')
        return self


class CdcStream(Stream):
    """One table whose changes are followed. Its first read is a snapshot; deletes come from the source's log."""

    table: str = Field(description="The table, `schema.table`; it must be in the publication.")

    @model_validator(mode="after")
    def _changes(self) -> "CdcStream":
        if self.cursor is not None or self.read != "full" or self.deletes != "sweep":
            raise ValueError("cdc streams have no read, cursor or deletes: the log contains everything")
        return self


class PushStream(Stream):
    """Rows that the source delivers: JSON, one record or a list each."""

    records: str = Field("", description="Path of the rows in a delivery; empty if the body is the row or the list.")
    deletes: Literal["sweep", "tombstone", "tombstone+sweep", "none"] = Field(
        "none", description="Which rows are deleted: those marked by a tombstone, or none."
    )

    @property
    def has_lists(self) -> bool:
        return True

    @model_validator(mode="after")
    def _deliveries(self) -> "PushStream":
        if self.sweeps or self.cursor is not None or self.read != "full":
            raise ValueError('push streams have neither read nor cursor, and deletes = "tombstone" or "none"')
        return self
