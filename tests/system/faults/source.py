"""A source that changes, and what the store must hold of it: the model of the fault tests.

`people` are read since a cursor and marked when deleted; `households` are read whole and swept. Both are tables of one SQLite
file, which the hub reads as it reads any database.
"""

import itertools
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)
VARIABLE = "FAULTS_SOURCE_URL"
MANIFEST: dict[str, Any] = {
    "name": "faults",
    "title": {"vi": "Thử", "en": "Test"},
    "sector": "citizen",
    "owner": "-",
    "legal_basis": "-",
    "version": "1",
    "freshness": "-",
    "source": {"kind": "sql", "url": {"env": VARIABLE}, "attempts": 1},
    "streams": {
        "people": {
            "table": "people",
            "read": "incremental",
            "cursor": {"column": "luc", "overlap": "1 h"},
            "key": ["id"],
            "changed_at": "luc",
            "deletes": "tombstone",
            "tombstone": {"column": "xoa", "values": ["1"]},
            "commit_rows": 3,
            "emits": {
                "Citizen": {
                    "fields": {
                        "personal_id": "so",
                        "full_name": "ten",
                        "birth_date": "sinh",
                        "residence_unit_code": {"constant": "06820@2020-01-01"},
                    }
                }
            },
        },
        "households": {
            "table": "households",
            "key": ["id"],
            "max_deleted": 1,
            "emits": {
                "Household": {
                    "fields": {
                        "household_code": "ma",
                        "head_personal_id": "chu",
                        "commune_unit_code": {"constant": "06820@2020-01-01"},
                        "address": "dia_chi",
                    }
                }
            },
        },
    },
}


@dataclass
class Source:
    """The tables, and what a hub that has read them to the end must hold."""

    path: Path
    people: dict[int, tuple[str, str, bool]] = field(default_factory=dict)
    households: dict[int, str] = field(default_factory=dict)
    wrong: set[int] = field(default_factory=set)
    minutes: int = 0
    changes: int = 0

    def __post_init__(self) -> None:
        with self._open() as source:
            source.execute(
                "create table people (id integer primary key, so text, ten text, sinh text, luc text, xoa integer)"
            )
            source.execute("create table households (id integer primary key, ma text, chu text, dia_chi text)")

    @property
    def url(self) -> str:
        """As SQLAlchemy writes it."""
        return f"sqlite:///{self.path}"

    def person(self, number: int, name: str, *, late: int = 0, deleted: bool = False, wrong: bool = False) -> None:
        """Write a person; `late` minutes ago by the source's own clock."""
        if (number in self.wrong) != wrong and number in self.people | dict.fromkeys(self.wrong):
            return
        self.minutes += 1
        changed = (START + timedelta(minutes=self.minutes - late)).isoformat()
        row = (number, "12" if wrong else f"{number:012d}", name, "1980", changed, int(deleted))
        with self._open() as source:
            source.execute("insert or replace into people values (?, ?, ?, ?, ?, ?)", row)
        self.changes += 1
        if wrong:
            self.wrong.add(number)
        else:
            self.people[number] = (f"{number:012d}", name, deleted)

    def household(self, number: int, address: str | None) -> None:
        """Write a household, or take it out."""
        with self._open() as source:
            source.execute("delete from households where id = ?", (number,))
            if address is not None:
                row = (number, f"H{number:04d}", None, address)
                source.execute("insert into households values (?, ?, ?, ?)", row)
        self.changes += 1
        self.households.pop(number, None)
        if address is not None:
            self.households[number] = address

    def expected(self) -> dict[str, set[tuple[str, ...]]]:
        """What the store must hold after a run that came to its end."""
        people = {(str(n), so, name) for n, (so, name, deleted) in self.people.items() if not deleted}
        return {"citizen": people, "household": {(str(n), f"H{n:04d}", a) for n, a in self.households.items()}}

    def _open(self) -> sqlite3.Connection:
        return (
            sqlite3.connect(self.path, autocommit=True)
            if hasattr(sqlite3, "LEGACY_TRANSACTION_CONTROL")
            else sqlite3.connect(self.path, isolation_level=None)
        )


def held(url: str) -> dict[str, set[tuple[str, ...]]]:
    """What the store holds."""
    with psycopg.connect(url) as connection:
        return {
            "citizen": set(
                connection.execute("select source_key, personal_id, full_name from data.citizen").fetchall()
            ),
            "household": set(
                connection.execute("select source_key, household_code, address from data.household").fetchall()
            ),
        }


def check_history(url: str) -> None:
    """Every version follows the one before without a gap, and says something else: nothing is written twice."""
    values = {"citizen": "personal_id, full_name", "household": "household_code, address"}
    with psycopg.connect(url) as connection:
        for table, columns in values.items():
            versions = connection.execute(
                f"select id, source_key, ({columns})::text, sys_from, sys_to from history.{table}"
                f" union all select id, source_key, ({columns})::text, sys_from, null from data.{table} order by 1, 4"
            ).fetchall()
            for before, after in itertools.pairwise(versions):
                if before[0] == after[0]:
                    assert before[1] == after[1]
                    assert before[4] == after[3], "a gap or an overlap between versions"
                    assert before[2] != after[2], "the same version twice"
            doubled = connection.execute(
                f"select source_key from data.{table} group by 1 having count(*) > 1"
            ).fetchall()
            assert doubled == []
        waiting = connection.execute(
            "select count(*), count(distinct source_key) from hub.quarantine where resolved_at is null"
        ).fetchone()
        assert waiting is not None
        assert waiting[0] == waiting[1], "a row waits twice"


def waiting(url: str) -> set[str]:
    """Source keys of the rows that wait in quarantine."""
    with psycopg.connect(url) as connection:
        found = connection.execute("select source_key from hub.quarantine where resolved_at is null").fetchall()
    return {key for (key,) in found}
