"""What the offices wrote down: rows of each stream, and whom or what each row means."""

from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from random import Random
from typing import Any

from tests.bench.independent_province import dirt, names
from tests.bench.independent_province.dirt import Party
from tests.bench.independent_province.people import MERGER, TODAY, Household, Person, Population, draw_day

DIRTY_SHARE = 0.42
"""Share of recorded parties with some dirt; a quarter of those have two kinds."""
OTHERS_SHARE = 0.03
"""Share of parties who are in no register: they died long ago, or live elsewhere."""
TWICE_SHARE = 0.002
"""Share of people who are in the population register twice."""


@dataclass(frozen=True)
class Parcel:
    """A parcel: its number in the register, and the number that papers may have instead."""

    key: str
    unit: str
    unit_on: str
    sheet: int
    ordinal: int
    area: float
    written: str
    dirt: str

    @property
    def number(self) -> str:
        """As the register has it."""
        return f"{self.unit}@{self.unit_on}:{self.sheet}:{self.ordinal}"


@dataclass(frozen=True)
class Business:
    """A business and the person who stands for it."""

    key: str
    name: str
    form: str
    code: str | None
    tax_code: str
    person: Person


class Papers:
    """Draws all rows. `rows` holds them by stream, `truth` by file: source_id, role, subject_kind, subject_key, dirt."""

    def __init__(self, random: Random, population: Population) -> None:
        self.random = random
        self.population = population
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.truth: dict[str, list[tuple[str, str, str, str, str]]] = defaultdict(list)
        self.twice: list[tuple[str, str]] = []
        self._places: set[str] = set()
        self._codes: set[str] = set()
        self._homonyms: dict[tuple[str, int], list[Person]] = defaultdict(list)
        for person in population.people:
            self._homonyms[person.full_name, person.born.year].append(person)
        self._register_people()
        self._register_land()
        self._register_businesses()
        self._pay_benefits()

    def _register_people(self) -> None:
        for person in self.population.people:
            self._add_citizen(person, person.personal_id)
            if self.random.random() < TWICE_SHARE:
                self._register_twice(person)
        for household in self.population.households:
            self._add_household(household)

    def _add_citizen(self, person: Person, personal_id: str, **other: Any) -> None:
        year_only = person.born.year < 1960 and self.random.random() < 0.1
        row = {
            "id": personal_id, "personal_id": personal_id, "former_id": person.former_id, "full_name": person.full_name,
            "sex": "MALE" if person.male else "FEMALE", "birth_date": str(person.born.year) if year_only else person.born.isoformat(),
            "death_date": person.died and person.died.isoformat(), "ethnicity": person.ethnicity, "unit": person.unit,
            "residence_address": person.address, **other,
        }  # fmt: skip
        self.rows["citizens"].append(row)
        self.truth["citizens"].append((personal_id, "", "person", person.personal_id, ""))

    def _register_twice(self, person: Person) -> None:
        again = f"{person.personal_id[:6]}{self.random.randrange(10**6):06d}"
        name = dirt.strip_marks(person.full_name) if self.random.random() < 0.3 else person.full_name
        self._add_citizen(person, again, full_name=name, former_id=None)
        self.twice.append((again, person.personal_id))

    def _add_household(self, household: Household) -> None:
        head, random = household.head, self.random
        self.rows["households"].append(
            {"id": household.code, "code": household.code, "head": head.personal_id, "unit": head.unit, "address": head.address}
        )  # fmt: skip
        self.truth["households"].append((household.code, "", "household", household.code, ""))
        for number, member in enumerate(household.members):
            relation = (
                "HEAD"
                if member is head
                else "SPOUSE"
                if member is head.spouse
                else "CHILD"
                if member.mother
                else "PARENT"
            )
            self._record(
                "memberships",
                f"{household.code}-{number}",
                member,
                dirty_share=0.08,
                code=household.code,
                relation=relation,
            )
        for person in household.members:
            if person.spouse and (person.male or random.random() < 0.5):
                self._record_marriage(person, person.spouse)

    def _record_marriage(self, person: Person, spouse: Person) -> None:
        key = f"KH{person.personal_id}"
        party, kinds = self._write(person, 0.25)
        other, other_kinds = self._write(spouse, 0.35)
        self._put("marriages", key, "person", party, "person", person.personal_id, kinds, state="MARRIED", since=person.married and person.married.isoformat())  # fmt: skip
        self.rows["marriages"][-1] |= {f"spouse_{name}": value for name, value in asdict(other).items()}
        self.truth["marriages"].append((key, "spouse", "person", spouse.personal_id, ";".join(other_kinds)))

    def _register_land(self) -> None:
        for household in self.population.households:
            for _ in range(self.random.choices((0, 1, 2, 3), (25, 45, 22, 8))[0]):
                self._register_parcel(household)

    def _register_parcel(self, household: Household) -> None:
        random, head = self.random, household.head
        parcel = self._draw_parcel(head)
        self._add_parcel(parcel)
        if parcel.dirt == "parcel_under_new_commune" and random.random() < 0.3:
            self._add_decoy(parcel, head.unit)
        serial = f"{random.choice('ABCDĐ')}{random.choice('ABGKLMN')} {random.randrange(10**8):08d}"
        issued = draw_day(random, 1995, 2026)
        as_household = random.random() < 0.25
        holders: list[Person] = [head]
        if head.spouse and head.married and issued > head.married and not as_household and random.random() < 0.6:
            holders.append(head.spouse)
        for number, holder in enumerate(holders):
            key = f"{parcel.key}-{number}"
            area_way = random.random()
            area = (
                parcel.area
                if area_way < 0.85
                else None
                if area_way < 0.9
                else round(parcel.area * random.uniform(0.97, 1.03), 1)
            )
            facts = {
                "serial": serial, "issued_on": issued.isoformat(), "parcel_number": parcel.written, "area": area, "share": None if len(holders) == 1 else "1/2",
                "status": "REGISTERED",
            }  # fmt: skip
            self._record(
                "rights", key, holder, dirty_share=DIRTY_SHARE, household=household if as_household else None, **facts
            )
            self.truth["rights"].append((key, "parcel", "parcel", parcel.key, parcel.dirt))
            if random.random() < 0.5:
                self._owe("obligations", f"{key}-T", holder, parcel)
        if random.random() < 0.12:
            key = f"{parcel.key}-E"
            self.rows["encumbrances"].append(
                {"id": key, "number": key, "parcel_number": parcel.written, "kind": "MORTGAGE", "status": "ACTIVE"}
            )
            self.truth["encumbrances"].append((key, "parcel", "parcel", parcel.key, parcel.dirt))

    def _owe(self, stream: str, key: str, holder: Person, parcel: Parcel) -> None:
        facts = {"number": key, "kind": "NON_AGRICULTURAL_LAND", "year": 2025, "amount": 120_000, "status": "DUE"}
        self._record(stream, key, holder, dirty_share=DIRTY_SHARE, parcel_number=parcel.written, **facts)
        self.truth[stream].append((key, "parcel", "parcel", parcel.key, parcel.dirt))

    def _draw_parcel(self, holder: Person) -> Parcel:
        random = self.random
        former = f"{holder.former_unit}@2020-01-01"
        while True:
            sheet, ordinal = random.randint(1, 60), random.randint(1, 500)
            renumbered = random.random() < 0.4
            unit, on = (holder.unit, MERGER.isoformat()) if renumbered else (holder.former_unit, "2020-01-01")
            if f"{unit}@{on}:{sheet}:{ordinal}" not in self._places:
                break
        key = f"TD{len(self.rows['parcels']):07d}"
        area = round(random.choice((90, 120, 240, 800, 2400)) * random.uniform(0.6, 1.6), 1)
        parcel = Parcel(key, unit, on, sheet, ordinal, area, "", "")
        drawn = random.random()
        if drawn < 0.72:
            return replace(parcel, written=parcel.number)
        if not renumbered:
            return replace(
                parcel,
                written=f"{holder.unit}@{MERGER.isoformat()}:{sheet}:{ordinal}",
                dirt="parcel_under_new_commune",
            )
        if drawn < 0.9:
            return replace(parcel, written=f"{former}:{sheet}:{ordinal}", dirt="parcel_under_former_commune")
        other = f"{random.randint(1, 60)}:{random.randint(1, 500)}"
        return replace(parcel, written=f"{former}:{other}", dirt="parcel_renumbered_unknowably")

    def _add_parcel(self, parcel: Parcel) -> None:
        self._places.add(parcel.number)
        row = {"id": parcel.key, "number": parcel.number, "unit": f"{parcel.unit}@{parcel.unit_on}", "sheet": parcel.sheet,
               "ordinal": parcel.ordinal, "area": parcel.area}  # fmt: skip
        self.rows["parcels"].append(row)
        self.truth["parcels"].append((parcel.key, "", "parcel", parcel.key, ""))

    def _add_decoy(self, parcel: Parcel, unit: str) -> None:
        """A parcel of somebody else that has the written number in the register, and nearly the same area."""
        near = round(parcel.area * self.random.uniform(0.95, 1.05), 1)
        key = f"TD{len(self.rows['parcels']):07d}"
        decoy = replace(parcel, key=key, unit=unit, unit_on=MERGER.isoformat(), area=near, dirt="")
        if decoy.number not in self._places:
            self._add_parcel(replace(decoy, written=decoy.number))

    def _register_businesses(self) -> None:
        adults = [p for p in self.population.people if p.born.year < 2003 and p.died is None]
        for number, person in enumerate(self.random.sample(adults, len(adults) // 14)):
            self._register_business(f"22A{number:07d}", person)

    def _register_business(self, key: str, person: Person) -> None:
        random = self.random
        form = random.choices(list(dirt.LEGAL_FORMS), (15, 10, 6, 4, 1, 64))[0]
        written = dirt.LEGAL_FORMS[form][0]
        own = person.full_name if random.random() < 0.4 else f"{random.choice(names.SHOPS)} {person.given}"
        if form != "HOUSEHOLD_BUSINESS":
            own = f"{random.choice(names.TRADES)} {random.choice(names.BUSINESS_WORDS)}"
        code = None if form == "HOUSEHOLD_BUSINESS" else self._draw_tax_code()
        business = Business(key, f"{written} {own}", form, code, code or person.personal_id, person)
        self.rows["businesses"].append(
            {"id": key, "number": key, "code": code, "tax_code": business.tax_code, "name": business.name, "form": form, "unit": person.unit,
             "address": person.address, "status": "ACTIVE"}
        )  # fmt: skip
        self.truth["businesses"].append((key, "", "business", key, ""))
        role = "OWNER" if form == "HOUSEHOLD_BUSINESS" else "LEGAL_REPRESENTATIVE"
        self._record("roles", f"{key}-1", person, dirty_share=0.3, business=key, role=role)
        self._register_taxpayer(business)

    def _register_taxpayer(self, business: Business) -> None:
        random = self.random
        name, kinds = business.name, []
        if random.random() < 0.5:
            name, one = dirt.spoil_business_name(business.name, business.form, random)
            kinds.append(one)
        tax_code: str | None = business.tax_code
        if random.random() < 0.3:
            tax_code = None
            kinds.append("tax_code_missing")
        kind = "HOUSEHOLD_BUSINESS" if business.form == "HOUSEHOLD_BUSINESS" else "ENTERPRISE"
        party = Party(name, None, None, business.person.address, kind, tax_code)
        key = f"NNT{business.key}"
        self._put(
            "taxpayers",
            key,
            "party",
            party,
            "business",
            business.key,
            kinds,
            tax_code_own=tax_code,
            kind=kind,
            status="ACTIVE",
        )

    def _draw_tax_code(self) -> str:
        weights = (31, 29, 23, 19, 17, 13, 7, 5, 3)
        while True:
            digits = f"57{self.random.randrange(10**7):07d}"
            check = 10 - sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 11
            if check < 10 and digits not in self._codes:
                self._codes.add(digits)
                return f"{digits}{check}"

    def _pay_benefits(self) -> None:
        for person in self.population.people:
            if TODAY.year - person.born.year >= 75 or self.random.random() < 0.02:
                key = f"QD{person.personal_id}"
                self._record(
                    "benefits",
                    key,
                    person,
                    dirty_share=DIRTY_SHARE,
                    number=key,
                    kind="OLD_AGE",
                    amount=500_000,
                    status="ACTIVE",
                )

    def _record(
        self,
        stream: str,
        key: str,
        person: Person,
        /,
        *,
        dirty_share: float,
        household: Household | None = None,
        **facts: Any,
    ) -> None:
        """A row on a person, or on the household of one."""
        role = ROLES[stream]
        if (
            household is None
            and self.random.random() < OTHERS_SHARE
            and stream in ("rights", "obligations", "benefits")
        ):
            party, kinds = self._draw_stranger(person), ["nobody_in_the_register"]
            self._put(stream, key, role, party, "person", "", kinds, **facts)
            return
        party, kinds = self._write(person, dirty_share)
        if household is not None:
            party.kind = "HOUSEHOLD"
            party.name = (
                f"Hộ {'ông' if person.male else 'bà'} {party.name}" if self.random.random() < 0.5 else party.name
            )
        meant = ("household", household.code) if household else ("person", person.personal_id)
        self._put(stream, key, role, party, *meant, kinds, **facts)

    def _write(self, person: Person, share: float) -> tuple[Party, list[str]]:
        party = dirt.write_party(person)
        if self.random.random() > share:
            return party, []
        kinds = dirt.spoil_party(party, person, self.random, 1 if self.random.random() < 0.75 else 2)
        namesakes = self._homonyms[person.full_name, person.born.year]
        if len(namesakes) > 1 and self.random.random() < 0.1:
            other = self.random.choice([one for one in namesakes if one is not person])
            if other.born == person.born:
                party.identifier = other.personal_id
                kinds.append("identifier_of_namesake")
        return party, kinds

    def _draw_stranger(self, person: Person) -> Party:
        """Someone of another place, or with a name that somebody here has."""
        party = dirt.write_party(person)
        if self.random.random() < 0.5:
            family, middle, given = names.draw_kinh_name(self.random, male=person.male)
            party.name = f"{family} {middle} {given}"
        year = self.random.randint(1930, 1998)
        party.birth_date = (
            str(year) if self.random.random() < 0.5 else draw_day(self.random, year, year).strftime("%d/%m/%Y")
        )
        century = "0" if person.male else "1"
        party.identifier = (
            None if self.random.random() < 0.4 else f"034{century}{year % 100:02d}{self.random.randrange(10**6):06d}"
        )
        return party

    def _put(
        self,
        stream: str,
        key: str,
        role: str,
        party: Party,
        subject: str,
        subject_key: str,
        kinds: list[str],
        /,
        **facts: Any,
    ) -> None:
        written = {f"party_{name}": value for name, value in asdict(party).items()}
        self.rows[stream].append({"id": key, **written, **facts})
        self.truth[stream].append((key, role, subject, subject_key, ";".join(kinds)))


ROLES = {
    "memberships": "member",
    "rights": "holder",
    "obligations": "debtor",
    "benefits": "beneficiary",
    "roles": "person",
}
"""Stream → the role of its party."""
