"""Birth dates that many have by habit, such as 1 July: of them the year alone counts, whichever day it is in this register."""

from collections.abc import Iterator
from itertools import product
from random import Random

import pytest

from hub.link.likeness import likeness
from hub.link.run.linking_run import run_linking
from hub.store.engine import make_engine
from tests.system.linking.links import Links

SURNAMES = ("Giàng", "Vàng", "Sùng", "Lò", "Chảo", "Phàn")
GIVENS = ("Páo", "Seo", "Mẩy", "Lụa", "Sồi", "Phừ", "Dính", "Chu")
NAMES = [f"{surname} A {given}" for surname, given in product(SURNAMES, GIVENS)]
ELSEWHERE = "Tổ 7, khu 6, phường Hà Tu, thành phố Hạ Long, tỉnh Quảng Ninh"
HEAPED, OTHERS = 300, 400


def add_person(links: Links, at: int, name: str, birth: str, address: str | None = None) -> int:
    return links.add(
        "citizen", personal_id=f"0220{birth[2:4]}{at:06}", full_name=name, birth_date=birth, residence_address=address
    )


@pytest.fixture
def register(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Links]:
    """Seven hundred people; the tests add a heap. The shipped model weighs."""
    monkeypatch.setattr(likeness, "FEWEST", 30)
    made = make_engine(database_url)
    links, random = Links(made), Random(1)
    links.communes()
    for at in range(OTHERS):
        birth = f"{random.randrange(1940, 2000)}-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}"
        add_person(links, 100_000 + at, f"Nguyễn Văn {at:03}", birth)
    yield links
    made.dispose()


def add_heap(links: Links, days: tuple[str, ...]) -> None:
    random = Random(2)
    for at in range(HEAPED):
        add_person(links, at, NAMES[at % len(NAMES)], f"{random.randrange(1940, 1970)}-{days[at % len(days)]}")


def written(day: str, year: int) -> str:
    return f"{day[3:]}/{day[:2]}/{year}"


def joined(links: Links, records: list[int]) -> list[int]:
    return [record for record in records if any(status == "PROBABLE" for _, status, _ in links.of(record))]


EVERY_15TH = tuple(f"{month:02}-15" for month in range(1, 13))


@pytest.mark.parametrize("days", [("01-01",), ("07-01",), ("10-10",), EVERY_15TH], ids=lambda days: "+".join(days[:2]))
def test_name_and_a_heaped_date_alone_join_nobody(register: Links, days: tuple[str, ...]) -> None:
    """The namesake of the recorded year is no surer than by name and year, and one of a year with a digit changed is none at all."""
    add_heap(register, days)
    random = Random(3)
    records = [
        register.debt(kind="PERSON", name=random.choice(NAMES), birth_date=written(random.choice(days), random.randrange(1940, 1970)))
        for _ in range(80)
    ]  # fmt: skip
    run_linking(register.engine)
    assert joined(register, records) == []


def test_a_heaped_date_with_the_address_joins(register: Links) -> None:
    add_heap(register, ("07-01",))
    meant = add_person(register, 900_001, "Lò Thị Páo", "1955-07-01", ELSEWHERE)
    add_person(
        register, 900_002, "Lò Thị Páo", "1965-07-01", "Tổ 2, khu 1, phường Hà Tu, thành phố Hạ Long, tỉnh Quảng Ninh"
    )
    record = register.debt(kind="PERSON", name="Lò Thị Páo", birth_date="01/07/1955", address=ELSEWHERE)
    run_linking(register.engine)
    assert register.of(record) == [(meant, "PROBABLE", "model:party:1")]


def test_another_date_in_the_same_register_counts_in_full(register: Links) -> None:
    """One of a name of the heap who was born on another day is found by it."""
    add_heap(register, ("07-01",))
    meant = add_person(register, 900_001, "Lò Thị Páo", "1955-08-23")
    record = register.debt(kind="PERSON", name="Lò Thị Páo", birth_date="23/08/1955")
    run_linking(register.engine)
    assert register.of(record) == [(meant, "PROBABLE", "model:party:1")]


def test_a_run_of_changes_counts_heaps_in_the_whole_register(register: Links) -> None:
    """What changed has no heap of its own. If a heap comes into being everything is linked anew."""
    add_heap(register, ("07-01",))
    settled = [register.debt(kind="PERSON", name=f"Nguyễn Văn {at:03}") for at in range(50)]
    meant = add_person(register, 900_001, "Lò Thị Páo", "1955-08-23")
    by_day = register.debt(kind="PERSON", name="Lò Thị Páo", birth_date="23/08/1955")
    run_linking(register.engine)
    assert joined(register, [by_day]) == [by_day]
    add_person(register, 900_002, "Sùng Thị Mẩy", "1951-07-01")
    heaped = register.debt(kind="PERSON", name="Sùng Thị Mẩy", birth_date="01/07/1951")
    assert run_linking(register.engine).mode == "CHANGES"
    found = register.of(heaped)
    assert joined(register, [heaped]) == []
    run_linking(register.engine, full=True)
    assert register.of(heaped) == found
    for at in range(60):
        add_person(register, 910_000 + at, f"Trần Thị {at:03}", f"{1940 + at}-08-23")
    assert run_linking(register.engine).mode == "FULL"
    assert register.of(by_day) == [(meant, "UNCONFIRMED", "model:party:1")]
    assert joined(register, settled) == []
