"""Who lives in the province: households of couples, children and the old, with the identifiers that the state gave them."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from random import Random

from schema.units import CHANGES_CSV, UNITS_CSV
from tests.bench.independent_province import names

TODAY = date(2026, 6, 30)
MERGER = date(2025, 7, 1)
PROVINCE = "22"
MINORITY_SHARE = 0.15
MINORITY_HEAP_TIMES = 4


@dataclass
class Person:
    """A person as the population register has them. `former_unit` is the commune of the residence before the reorganisation."""

    family: str
    middle: str
    given: str
    male: bool
    born: date
    personal_id: str
    former_id: str | None
    ethnicity: str
    unit: str
    former_unit: str
    address: str
    former_address: str | None = None
    died: date | None = None
    household: "Household | None" = None
    spouse: "Person | None" = None
    married: date | None = None
    mother: "Person | None" = None
    twin: "Person | None" = None
    children: list["Person"] = field(default_factory=list)

    @property
    def full_name(self) -> str:
        """Family name first."""
        return f"{self.family} {self.middle} {self.given}"


@dataclass
class Household:
    """People of one residence; the first member is the head."""

    code: str
    members: list[Person]

    @property
    def head(self) -> Person:
        """Whose identifier is the household's."""
        return self.members[0]


@dataclass(frozen=True)
class Place:
    """A commune of today and one of those that became it."""

    unit: str
    unit_name: str
    former_unit: str
    former_name: str


@cache
def list_places() -> tuple[Place, ...]:
    """Former communes of the province, each with the commune of today that has it, or its greatest part."""
    with UNITS_CSV.open(encoding="utf-8", newline="") as lines:
        units = list(csv.DictReader(lines))
    new = {u["code"]: u["name"] for u in units if u["level"] == "COMMUNE" and u["parent_code"] == PROVINCE}
    districts = {u["code"] for u in units if u["level"] == "DISTRICT" and u["parent_code"] == PROVINCE}
    old = {u["code"]: u["name"] for u in units if u["level"] == "COMMUNE" and u["parent_code"] in districts}
    with CHANGES_CSV.open(encoding="utf-8", newline="") as lines:
        heirs = {c["old_code"]: c["new_code"] for c in csv.DictReader(lines) if c["kind"] == "WHOLE"}
    return tuple(
        Place(heirs[code], new[heirs[code]], code, name) for code, name in sorted(old.items()) if heirs.get(code) in new
    )


class Population:
    """Draws the people. `heap` is the share of people whose birth was registered late, on 1 January."""

    def __init__(self, random: Random, size: int, heap: float) -> None:
        self.random = random
        self.heap = heap
        self.people: list[Person] = []
        self.households: list[Household] = []
        self._taken: set[str] = set()
        while len(self.people) < size:
            self._found_household()

    def _found_household(self) -> None:
        random, place = self.random, self.random.choice(list_places())
        # A village is of one group: the place decides which.
        is_minority = hash_share(place.former_unit) < MINORITY_SHARE
        group = names.MINORITIES[int(place.former_unit) % len(names.MINORITIES)] if is_minority else None
        address = draw_address(random, place)
        household = Household(f"HK{place.unit}{len(self.households):07d}", [])
        age = random.choices((28, 38, 48, 58, 70), (20, 27, 24, 18, 11))[0] + random.randint(-6, 6)
        man = self._draw_person(place, address, group, male=True, age=age)
        members = [man]
        if random.random() < 0.8:
            woman = self._draw_person(place, address, group, male=False, age=max(19, age - random.randint(-2, 6)))
            man.spouse, woman.spouse = woman, man
            oldest = max(man.born.year, woman.born.year) + 19
            man.married = woman.married = draw_day(random, oldest, max(oldest, min(2025, oldest + 9)))
            members.append(woman)
            members += self._draw_children(place, address, group, man, woman)
        if random.random() < 0.1:
            old = self._draw_person(place, address, group, male=random.random() < 0.35, age=min(97, age + random.randint(20, 30)),
                                    family=man.family)  # fmt: skip
            members.append(old)
        if random.random() < 0.3 and len(members) > 1:
            members[0], members[1] = members[1], members[0]
        for member in members:
            member.household = household
        household.members = members
        self.people += members
        self.households.append(household)

    def _draw_children(
        self, place: Place, address: str, group: names.People | None, man: Person, woman: Person
    ) -> Iterator[Person]:
        random = self.random
        for _ in range(random.choices((0, 1, 2, 3), (15, 30, 42, 13))[0]):
            age = TODAY.year - woman.born.year - random.randint(20, 36)
            if age < 0 or (age > 26 and random.random() < 0.85):
                continue
            child = self._draw_person(place, address, group, male=random.random() < 0.52, age=age, family=man.family)
            child.mother = woman
            man.children.append(child)
            woman.children.append(child)
            yield child
            if random.random() < 0.012:
                yield self._draw_twin(place, address, group, child)

    def _draw_twin(self, place: Place, address: str, group: names.People | None, child: Person) -> Person:
        one, other = self.random.choice(names.TWIN_NAMES)
        child.given = one
        twin = self._draw_person(
            place, address, group, male=child.male, age=0, family=child.family, born=child.born, middle=child.middle
        )
        twin.given, twin.mother = other, child.mother
        child.twin, twin.twin = twin, child
        return twin

    def _draw_person(
        self,
        place: Place,
        address: str,
        group: names.People | None,
        *,
        male: bool,
        age: int,
        family: str | None = None,
        born: date | None = None,
        middle: str | None = None,
    ) -> Person:
        random = self.random
        drawn = names.draw_minority_name(random, group, male=male, family=family) if group else None
        drawn = drawn or names.draw_kinh_name(random, male=male, family=family)
        born = born or self._draw_birth(TODAY.year - age, is_minority=group is not None)
        person = Person(
            drawn[0], middle or drawn[1], drawn[2], male, born, self._draw_identifier(male, born), self._draw_former(born),
            group.name if group else "Kinh", place.unit, place.former_unit, address,
        )  # fmt: skip
        if random.random() < 0.12:
            person.former_address = draw_address(random, random.choice(list_places()))
        if age > 55 and random.random() < (age - 50) / 250:
            person.died = draw_day(random, 2015, 2025)
        return person

    def _draw_birth(self, year: int, *, is_minority: bool) -> date:
        late = self.heap * (MINORITY_HEAP_TIMES if is_minority else 0.5)
        late *= 1.6 if year < 1980 else 0.6
        if self.random.random() < late:
            return date(year, 1, 1)
        day = date(year, 1, 1) + timedelta(self.random.randrange(365))
        return min(day, TODAY - timedelta(30))

    def _draw_identifier(self, male: bool, born: date) -> str:
        while True:
            where = (
                "022" if self.random.random() < 0.88 else self.random.choice(("031", "034", "036", "001", "038", "024"))
            )
            century = (0 if born.year < 2000 else 2) + (0 if male else 1)
            made = f"{where}{century}{born.year % 100:02d}{self.random.randrange(10**6):06d}"
            if made not in self._taken:
                self._taken.add(made)
                return made

    def _draw_former(self, born: date) -> str | None:
        if born.year > 2004 or self.random.random() < 0.12:
            return None
        return f"{self.random.choice(('100', '101', '022'))}{self.random.randrange(10**6):06d}"


def draw_day(random: Random, first_year: int, last_year: int) -> date:
    """A day of these years, before today."""
    day = date(random.randint(first_year, last_year), 1, 1) + timedelta(random.randrange(365))
    return min(day, TODAY)


def draw_address(random: Random, place: Place) -> str:
    """Street and number, group or hamlet, as a register writes it."""
    if place.former_name.startswith("Phường"):
        group = f"Tổ {random.randint(1, 20)}, khu {random.randint(1, 9)}"
        return (
            group if random.random() < 0.6 else f"Số {random.randint(1, 300)} đường {random.choice(STREETS)}, {group}"
        )
    return f"Thôn {random.choice(HAMLETS)}"


STREETS = (
    "Trần Phú",
    "Lê Thánh Tông",
    "Nguyễn Văn Cừ",
    "Hạ Long",
    "Cao Thắng",
    "Trần Hưng Đạo",
    "Quang Trung",
    "Hùng Vương",
)
HAMLETS = (
    "Đồng Tâm",
    "Nà Làng",
    "Khe Ngàn",
    "Bản Cáu",
    "Đông Thành",
    "Pắc Liềng",
    "Tân Lập",
    "Cái Tăn",
    "Khe Vằn",
    "Đoàn Kết",
)


def hash_share(text: str) -> float:
    """A share between 0 and 1 that depends on a text alone."""
    return Random(text).random()


def group_by_name(people: list[Person]) -> dict[str, list[Person]]:
    """People of one full name."""
    found: dict[str, list[Person]] = defaultdict(list)
    for person in people:
        found[person.full_name].append(person)
    return found
