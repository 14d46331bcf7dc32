"""Rows by hand and what linking makes of them: shared by the tests of linking, decisions and the review queue."""

from collections.abc import Mapping
from typing import Any

import polars as pl
from psycopg import Connection
from psycopg.types.json import Jsonb
from sqlalchemy import Engine, text

from hub.ingest.transform.search_keys import fold_names
from hub.link.run.linking_run import LinkReport, run_linking
from hub.model.registry import load_registry
from hub.model.tables import stored_columns
from hub.store.engine import connect_for_run, store_url

PROVENANCE = {"stream_id": 1, "run_id": 1, "row_digest": 0}


class Links:
    """Rows by hand, and what linking made of them."""

    def __init__(self, made: Engine) -> None:
        self.engine = made
        self.number = 0

    def add(self, table: str, **values: Any) -> int:
        self.number += 1
        row = {**PROVENANCE, "source_key": str(self.number), **values}
        (entity,) = (entity for entity in load_registry() if entity.table == table)
        for column in entity.columns:
            if column.search_key and values.get(column.name):
                row[column.search_key] = fold_names(pl.Series([values[column.name]])).item()
        names = ", ".join([*row, "first_seen", "sys_from"])
        places = ", ".join([*(f":{name}" for name in row), "now()", "now()"])
        with self.engine.begin() as connection:
            found: int = connection.execute(
                text(f"insert into data.{table} ({names}) values ({places}) returning id"), row
            ).scalar_one()
        return found

    def keep(self, table: str, row: int) -> None:
        """Keep what is now in history, as every merge of a source does."""
        (entity,) = (entity for entity in load_registry() if entity.table == table)
        columns = ", ".join(stored_columns(entity))
        self.do(
            f"insert into history.{table} ({columns}, sys_to) select {columns}, clock_timestamp() from data.{table} where id = :id",
            id=row,
        )

    def citizen(
        self, personal: str, name: str = "Nguyễn Văn An", birth: str = "1980-05-01", former: str | None = None
    ) -> int:
        return self.add("citizen", personal_id=personal, full_name=name, birth_date=birth, former_id=former)

    def debt(self, **party: Any) -> int:
        values = {f"debtor_{name}": value for name, value in party.items()}
        self.number += 1
        return self.add(
            "tax_obligation",
            obligation_number=f"T{self.number}",
            kind="VALUE_ADDED",
            year=2025,
            amount=1,
            status="DUE",
            **values,
        )

    def parcel(self, unit: str, place: str, identifier: str | None = None, area: float | None = None) -> int:
        sheet, ordinal = place.split(":")
        return self.add("parcel", parcel_number=f"{unit}:{place}", commune_unit_code=unit, map_sheet=int(sheet), ordinal=int(ordinal), parcel_identifier=identifier, area=area)  # fmt: skip

    def right(self, number: str | None, identifier: str | None = None, **more: Any) -> int:
        return self.add(
            "land_use_right", status="REGISTERED", parcel_number=number, parcel_identifier=identifier, **more
        )

    def land_tax(self, number: str, debtor: str | None) -> int:
        self.number += 1
        return self.add("tax_obligation", obligation_number=f"T{self.number}", kind="NON_AGRICULTURAL_LAND", year=2025, amount=1, status="DUE", parcel_number=number, debtor_name=debtor)  # fmt: skip

    def shop(self, number: str, name: str, tax_code: str | None = None) -> int:
        return self.add("business", registration_number=number, tax_code=tax_code, legal_name=name, legal_form="HOUSEHOLD_BUSINESS", status="ACTIVE")  # fmt: skip

    def role(self, business: str, identifier: str) -> int:
        return self.add("business_role", role="REPRESENTATIVE", business_registration_number=business, person_identifier=identifier)  # fmt: skip

    def grant(self) -> int:
        self.number += 1
        number = f"B{self.number}"
        return self.add("benefit", benefit_number=number, kind="ELDERLY", status="PAID", monthly_amount=1)

    def communes(self) -> None:
        """Communes of before and since 2025-07-01: two became one, one and a half became one, half went elsewhere, one was renamed."""
        for code in ("06664", "06667", "06670", "06655", "06673"):
            self.add("administrative_unit", unit_code=f"{code}@..", code=code, level="COMMUNE", name=code, valid_to="2025-07-01")  # fmt: skip
        for code in ("06652", "06661", "06706", "06709"):
            self.add("administrative_unit", unit_code=f"{code}@2025-07-01", code=code, level="COMMUNE", name=code, valid_from="2025-07-01")  # fmt: skip
        for old, new, kind in (
            ("06664", "06652", "WHOLE"), ("06667", "06652", "WHOLE"), ("06670", "06661", "WHOLE"),
            ("06655", "06661", "PART"), ("06655", "06706", "PART"), ("06673", "06709", "WHOLE"),
        ):  # fmt: skip
            self.add("administrative_unit_change", predecessor_unit_code=f"{old}@..", successor_unit_code=f"{new}@2025-07-01", kind=kind, effective_on="2025-07-01")  # fmt: skip

    def run(self, *fields: str) -> LinkReport:
        return run_linking(self.engine, fields or ["TaxObligation.debtor"])

    def of(self, record: int, table: str = "tax_obligation_debtor") -> list[tuple[int, str, str]]:
        with self.engine.connect() as connection:
            query = text(
                f"select subject_id, status, method from link.{table} where record_id = :r order by subject_id"
            )
            return [tuple(row) for row in connection.execute(query, {"r": record})]  # type: ignore[misc]

    def connection(self) -> Connection[Any]:
        """A connection as the command line has it, to be closed by the caller."""
        return connect_for_run(store_url(self.engine))

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """What a query selects."""
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query), values)]

    def do(self, statement: str, **values: Any) -> None:
        """Change the store behind the hub's back."""
        with self.engine.begin() as connection:
            connection.execute(text(statement), values)

    def candidate(self, table: str, record: int, found: int, **given: Any) -> None:
        """A row of a link table as a run leaves it: a candidate, unless `status` says otherwise."""
        row: Mapping[str, Any] = {
            "kind": "Citizen",
            "status": "UNCONFIRMED",
            "method": "model",
            "weight": None,
            "evidence": [],
            **given,
        }
        with self.connection() as connection:
            connection.execute(
                f"insert into link.{table} (record_id, found_id, subject_id, subject_kind, status, method, weight, evidence,"
                " decided_by, decided_at, sys_from) select %s, %s, coalesce((select heir_id from link.heir where"
                " subject_id = %s), %s), %s, %s, %s, %s, %s, 'run:1', now(), now()",
                (record, found, found, found, row["kind"], row["status"], row["method"], row["weight"], Jsonb(row["evidence"])),
            )  # fmt: skip
