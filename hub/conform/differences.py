"""Compares the records made from samples with the expected ones: which record of which row differs, and in which field."""

from collections.abc import Iterator, Sequence

import orjson
import polars as pl

from hub.conform.rows import samples
from hub.conform.rows.row_names import form_of, name_records
from hub.conform.rows.samples import Record
from hub.ingest.quarantine.entries import show_key
from hub.ingest.values import parse_values
from hub.sdk.manifest import Manifest


def find_differences(manifest: Manifest, stream: str) -> list[str]:
    """Describe how the records made from the samples differ from the expected ones; empty if they do not.

    The order of lines says nothing, in either file.
    """
    stated = samples.read_numbered(samples.path_of(manifest, stream, expected=True))
    expected = {line: _with_offset(manifest, record) for line, record in stated.items()}
    rows = samples.read_samples(samples.path_of(manifest, stream))
    found = samples.map_samples(manifest, stream, rows)
    if found != samples.map_samples(manifest, stream, rows):
        return [f"{stream}: read twice, the samples become something else: a transform must give the same each time"]
    unexpected, missing = list(found), dict(expected)
    for line, record in expected.items():
        same = next((at for at, made in enumerate(unexpected) if _content(made) == _content(record)), None)
        if same is not None:
            del unexpected[same], missing[line]
    return [
        *_find_changed(manifest, stream, unexpected, missing),
        *(f"{_name_record(manifest, stream, record)}{_fate(record)} is not expected" for record in unexpected),
        *(
            f"{record.get('entity')} {_key(manifest, stream, record)}{_fate(record)}"
            f" is expected ({_expected_file(manifest, stream)}:{line}), and no row becomes it"
            for line, record in missing.items()
        ),
    ]


def _with_offset(manifest: Manifest, record: Record) -> Record:
    """The record with its time of change as the mapping has it: a time without an offset is of the source's zone."""
    told = record.get("changed_at")
    if not isinstance(told, str):
        return record
    made = pl.select(parse_values.add_offset(pl.lit(told), manifest.source.timezone)).item()
    return {**record, "changed_at": made or told}


def _find_changed(
    manifest: Manifest, stream: str, unexpected: list[Record], missing: dict[int, Record]
) -> Iterator[str]:
    """Records that are expected, and made, with other values. They are taken from both lists."""
    for line, wanted in list(missing.items()):
        at = _find_partner(unexpected, wanted)
        if at is None:
            continue
        made = unexpected.pop(at)
        del missing[line]
        where = f"{_name_record(manifest, stream, made)}, expected in {_expected_file(manifest, stream)}:{line}"
        yield f"{where}: {'; '.join(_compare_fields(made, wanted))}"


def _find_partner(records: Sequence[Record], wanted: Record) -> int | None:
    identity = (wanted.get("entity"), wanted.get("key"))
    return next((at for at, made in enumerate(records) if (made["entity"], made["key"]) == identity), None)


def _compare_fields(made: Record, wanted: Record) -> Iterator[str]:
    """What differs between two records, by the forms of values and never by the values."""
    if "rejected" in made or "rejected" in wanted:
        yield f"found{_fate(made) or ' as accepted'}, expected{_fate(wanted) or ' as accepted'}"
        return
    found = {**made["fields"], "changed_at": made.get("changed_at")}
    stated = {**wanted.get("fields", {}), "changed_at": wanted.get("changed_at")}
    for name in sorted(found.keys() | stated.keys()):
        if found.get(name) != stated.get(name):
            forms = form_of(found.get(name)), form_of(stated.get(name))
            same = " (another value of one form)" if forms[0] == forms[1] else ""
            yield f"{name}: found {forms[0]}, expected {forms[1]}{same}"


def _fate(record: Record) -> str:
    if "rejected" not in record:
        return ""
    return f" as rejected ({record['rejected'].get('field')}: {record['rejected'].get('rule')})"


def _name_record(manifest: Manifest, stream: str, record: Record) -> str:
    return name_records(manifest, [(stream, record["entity"], record["key"])])


def _key(manifest: Manifest, stream: str, record: Record) -> str:
    return show_key(manifest, stream, str(record.get("entity")), record.get("key"))


def _expected_file(manifest: Manifest, stream: str) -> str:
    return f"{samples.SAMPLES_FOLDER}/{samples.path_of(manifest, stream, expected=True).name}"


def _content(record: Record) -> bytes:
    return orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
