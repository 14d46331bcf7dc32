"""Readings: the features of parties, kept from run to run, since reading names and addresses takes longer than weighing.

Kept by value, not by row: equal texts give equal readings. They are valid for the code and the data that made them,
and are made anew if either is another. Registers have one body of readings for each kind, recorded parties that rules leave open
have one together.
"""

import hashlib
import io
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
from psycopg import Connection

from hub.link import normalise
from hub.link.model import commune_neighbours
from hub.link.model.scoring import prepare
from hub.link.model.scoring.prepare import KEY, prepare_records
from hub.link.model.spec import Spec
from hub.link.normalise.party import INPUT, party_features
from schema import units, values
from schema.linking import written_numbers

WRITTEN = {column: f"written {column}" for column in INPUT[1:]}
STALE_SHARE = 0.05
"""From this share of parties that were not known, or are known for nothing, on, readings are stored anew; until then the few are
read again by every run: reading 1 in 20 takes about as long as storing all."""
MOST_BYTES = 256 * 1024**2
"""Readings that take more than this, compressed, are not stored."""


PREPARED = "prepared "
"""Prefix of prepared columns beside features."""


class Readings:
    """The readings of one kind of party, over one connection. With a specification each has its prepared columns too, by names that begin
    with PREPARED: preparing a register took an eighth of a run of changes."""

    def __init__(self, connection: Connection[Any], kind: str, spec: Spec | None = None) -> None:
        self.connection, self.kind, self.spec = connection, kind, spec
        self.stored = self.known = self._load()
        self._used: list[pl.DataFrame] = []

    def of(self, parties: pl.DataFrame) -> pl.DataFrame:
        """Features of parties, columns of INPUT, in order: `key`, `kind`, those of `party_features`, and those of the surroundings."""
        written = parties.rename(WRITTEN).with_columns(pl.col(name).cast(pl.String) for name in WRITTEN.values())
        if self.known is None:
            self.known = self._read(written)
        else:
            unread = written.join(self.known, on=list(WRITTEN.values()), how="anti", nulls_equal=True)
            if not unread.is_empty():
                self.known = pl.concat([self.known, self._read(unread)])
        self._used.append(written.select(WRITTEN.values()))
        found = written.join(self.known, on=list(WRITTEN.values()), how="left", nulls_equal=True, maintain_order="left")
        kind = pl.col(WRITTEN["kind"]).alias("kind")
        return found.select("key", kind, pl.exclude("key", *WRITTEN.values()))

    def keep(self, *, used_only: bool) -> None:
        """Store the readings known by now, if enough of them are new; with `used_only` nothing but the readings that were asked for here, if
        enough others are gone."""
        if self.known is None or not self._used:
            return
        kept, before = self.known, 0 if self.stored is None else self.stored.height
        if used_only:
            # So many are used at least. Mostly that says enough, and to find all that are takes as long as reading the register.
            fewest = max(pl.concat(self._used).select(pl.all().n_unique()).row(0))
            if (self.known.height - before) + (self.known.height - fewest) <= STALE_SHARE * fewest:
                return
            kept = kept.join(pl.concat(self._used).unique(), on=list(WRITTEN.values()), how="semi", nulls_equal=True)
        changed = (self.known.height - before) + (self.known.height - kept.height)
        if changed > STALE_SHARE * kept.height:
            self._store(kept)

    def _store(self, kept: pl.DataFrame) -> None:
        body = io.BytesIO()
        kept.write_ipc(body, compression="zstd")
        if body.getbuffer().nbytes > MOST_BYTES:
            return
        self.connection.execute(
            "insert into link.reading (kind, basis, body) values (%s, %s, %s)"
            " on conflict (kind) do update set basis = excluded.basis, body = excluded.body",
            (self.kind, self._basis(), body.getbuffer()),
        )
        self.stored = self.known = kept

    def _read(self, written: pl.DataFrame) -> pl.DataFrame:
        """The written values, once each, with their features."""
        distinct = written.select(WRITTEN.values()).unique(maintain_order=True)
        parties = distinct.rename({name: column for column, name in WRITTEN.items()}).with_row_index("key")
        features = commune_neighbours.add_surroundings(party_features(parties))
        read = distinct.hstack(features.drop("key", "kind"))
        if self.spec is None:
            return read
        return read.hstack(prepare_records(self.spec, features).drop(KEY).select(pl.all().name.prefix(PREPARED)))

    def _basis(self) -> str:
        return digest_reading_rules() + (f" {self.spec.digest}" if self.spec else "")

    def _load(self) -> pl.DataFrame | None:
        row = self.connection.execute(
            "select body from link.reading where kind = %s and basis = %s", (self.kind, self._basis())
        ).fetchone()
        return None if row is None else pl.read_ipc(io.BytesIO(row[0]))


@cache
def digest_reading_rules() -> str:
    """A digest of all that a reading rests on: the code of the normalisation, its data, the units, and the format's library."""
    folder = Path(normalise.__file__).parent
    code = [
        *sorted(folder.glob("*.py")),
        *(Path(str(module.__file__)) for module in (commune_neighbours, prepare, units, values, written_numbers)),
    ]
    digest = hashlib.sha256(pl.__version__.encode())
    for file in (*code, *sorted(folder.glob("data/*")), units.UNITS_CSV, units.CHANGES_CSV):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
