"""What goes wrong when an office writes a party down: one function for each kind of dirt, in a table with its weight.

A kind changes the party as recorded, and never whom it means. Where it cannot apply (no twin, no former identifier) it returns False.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.bench.independent_province.names import MALE_GIVEN
from tests.bench.independent_province.people import Person, draw_address, list_places


@dataclass
class Party:
    """A party as an office records it; every value is text or missing."""

    name: str
    birth_date: str | None
    identifier: str | None
    address: str | None
    kind: str | None = "PERSON"
    tax_code: str | None = None


def write_party(person: Person) -> Party:
    """The party as a careful office writes it."""
    return Party(person.full_name, person.born.strftime("%d/%m/%Y"), person.personal_id, person.address)


Spoil = Callable[[Party, Person, Random], bool]
KINDS: dict[str, tuple[Spoil, float]] = {}
"""Kind of dirt → how it is made, and its weight among the others."""


def kind(name: str, weight: float) -> Callable[[Spoil], Spoil]:
    """Add a kind to the table."""

    def add(spoil: Spoil) -> Spoil:
        KINDS[name] = (spoil, weight)
        return spoil

    return add


def spoil_party(party: Party, person: Person, random: Random, times: int) -> list[str]:
    """Spoil a party in up to `times` ways. Returns the kinds that applied."""
    drawn = random.choices(list(KINDS), [weight for _, weight in KINDS.values()], k=times)
    return [name for name in dict.fromkeys(drawn) if KINDS[name][0](party, person, random)]


def _rename(party: Party, name: str | None) -> bool:
    changed = bool(name) and name != party.name
    party.name = name or party.name
    return changed


def strip_marks(text: str) -> str:
    """The text as typed on a machine without Vietnamese."""
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


@kind("name_without_marks", 9)
def _without_marks(party: Party, person: Person, random: Random) -> bool:
    return _rename(party, strip_marks(party.name))


@kind("name_upper_case", 8)
def _upper_case(party: Party, person: Person, random: Random) -> bool:
    return _rename(party, party.name.upper())


TONE_PLACES = (("oà", "òa"), ("oá", "óa"), ("uý", "úy"), ("uỷ", "ủy"), ("uỳ", "ùy"), ("uỵ", "ụy"))


@kind("name_other_tone_place", 4)
def _other_tone_place(party: Party, person: Person, random: Random) -> bool:
    name = party.name
    for new, old in TONE_PLACES:
        name = name.replace(new, old)
    return _rename(party, name)


@kind("name_two_spaces", 3)
def _two_spaces(party: Party, person: Person, random: Random) -> bool:
    return _rename(party, party.name.replace(" ", "  ", 1))


@kind("name_decomposed", 2)
def _decomposed(party: Party, person: Person, random: Random) -> bool:
    return _rename(party, unicodedata.normalize("NFD", party.name))


@kind("name_given_first", 2)
def _given_first(party: Party, person: Person, random: Random) -> bool:
    return _rename(party, f"{person.given} {person.middle} {person.family}")


@kind("name_middle_dropped", 3)
def _middle_dropped(party: Party, person: Person, random: Random) -> bool:
    return _rename(party, f"{person.family} {person.given}")


@kind("name_middle_shortened", 3)
def _middle_shortened(party: Party, person: Person, random: Random) -> bool:
    short = " ".join(f"{word[0]}." for word in person.middle.split())
    return _rename(party, f"{person.family} {short} {person.given}")


@kind("name_with_title", 4)
def _with_title(party: Party, person: Person, random: Random) -> bool:
    return _rename(party, f"{'Ông' if person.male else 'Bà'} {party.name}")


@kind("name_with_spouse", 3)
def _with_spouse(party: Party, person: Person, random: Random) -> bool:
    if person.spouse is None:
        return False
    own, other = ("Ông", "vợ là bà") if person.male else ("Bà", "chồng là ông")
    return _rename(party, f"{own} {party.name} và {other} {person.spouse.full_name}")


@kind("name_with_remark", 2)
def _with_remark(party: Party, person: Person, random: Random) -> bool:
    return _rename(party, f"{party.name} ({random.choice(('đã chết', 'chủ hộ', 'thừa kế', 'Tý'))})")


@kind("name_one_letter_off", 4)
def _one_letter_off(party: Party, person: Person, random: Random) -> bool:
    at = random.randrange(1, len(party.name) - 1)
    if party.name[at] == " ":
        return False
    letters = {"drop": "", "double": party.name[at] * 2, "other": random.choice("aeiounhtm")}
    return _rename(party, party.name[:at] + letters[random.choice(list(letters))] + party.name[at + 1 :])


SOUNDS = (("L", "N"), ("N", "L"), ("Tr", "Ch"), ("Ch", "Tr"), ("S", "X"), ("X", "S"), ("D", "Gi"))


@kind("name_misheard", 3)
def _misheard(party: Party, person: Person, random: Random) -> bool:
    for heard, written in SOUNDS:
        if person.given.startswith(heard):
            return _rename(party, party.name.replace(person.given, written + person.given[len(heard) :]))
    return False


OTHER_TONES = {
    "ù": "u",
    "ư": "ứ",
    "à": "á",
    "á": "à",
    "ạ": "ả",
    "ế": "ệ",
    "ề": "ế",
    "ơ": "ờ",
    "ị": "ì",
    "ú": "ù",
    "ũ": "ủ",
    "ỷ": "ý",
}


@kind("name_other_tone", 4)
def _other_tone(party: Party, person: Person, random: Random) -> bool:
    places = [at for at, letter in enumerate(party.name) if letter in OTHER_TONES]
    if not places:
        return False
    at = random.choice(places)
    return _rename(party, party.name[:at] + OTHER_TONES[party.name[at]] + party.name[at + 1 :])


@kind("name_i_for_y", 2)
def _i_for_y(party: Party, person: Person, random: Random) -> bool:
    swaps = str.maketrans({"ý": "í", "ỳ": "ì", "ỷ": "ỉ", "Mỹ"[1]: "ĩ"})
    return _rename(party, party.name.translate(swaps))


@kind("name_telex_left", 1)
def _telex_left(party: Party, person: Person, random: Random) -> bool:
    return _rename(party, party.name.replace("ễ", "eex").replace("ầ", "aaf"))


@kind("name_eth", 2)
def _eth(party: Party, person: Person, random: Random) -> bool:
    return _rename(party, party.name.replace("đ", "ð").replace("Đ", "Ð"))


@kind("name_without_family", 1)
def _without_family(party: Party, person: Person, random: Random) -> bool:
    return _rename(party, f"{person.middle} {person.given}")


@kind("name_everyday_given", 0.7)
def _everyday_given(party: Party, person: Person, random: Random) -> bool:
    """A man called otherwise than he is registered."""
    return person.male and _rename(party, f"{person.family} {person.middle} {random.choice(MALE_GIVEN)}")


def _born(party: Party, text: str | None) -> bool:
    changed = text != party.birth_date
    party.birth_date = text
    return changed


@kind("birth_year_only", 10)
def _year_only(party: Party, person: Person, random: Random) -> bool:
    return _born(party, str(person.born.year))


@kind("birth_missing", 6)
def _birth_missing(party: Party, person: Person, random: Random) -> bool:
    return _born(party, None)


@kind("birth_day_and_month_swapped", 2)
def _day_and_month_swapped(party: Party, person: Person, random: Random) -> bool:
    return person.born.day <= 12 and _born(party, person.born.strftime("%m/%d/%Y"))


@kind("birth_year_off_by_one", 2)
def _year_off_by_one(party: Party, person: Person, random: Random) -> bool:
    return _born(party, f"{person.born:%d/%m}/{person.born.year + random.choice((-1, 1))}")


@kind("birth_first_of_january", 3)
def _first_of_january(party: Party, person: Person, random: Random) -> bool:
    return _born(party, f"01/01/{person.born.year}")


@kind("birth_iso", 3)
def _iso(party: Party, person: Person, random: Random) -> bool:
    return _born(party, person.born.isoformat())


@kind("birth_month_and_year", 1.5)
def _month_and_year(party: Party, person: Person, random: Random) -> bool:
    return _born(party, f"{person.born:%m/%Y}")


@kind("birth_digit_off", 1.5)
def _digit_off(party: Party, person: Person, random: Random) -> bool:
    text = list(f"{person.born:%d/%m/%Y}")
    text[random.choice((1, 4, 8))] = str(random.randrange(10))
    return _born(party, "".join(text))


@kind("birth_lost_zeros", 2)
def _lost_zeros(party: Party, person: Person, random: Random) -> bool:
    return _born(party, f"{person.born.day}/{person.born.month}/{person.born.year}")


def _number(party: Party, text: str | None) -> bool:
    changed = text != party.identifier
    party.identifier = text
    return changed


@kind("identifier_former", 14)
def _former(party: Party, person: Person, random: Random) -> bool:
    return person.former_id is not None and _number(party, person.former_id)


@kind("identifier_missing", 14)
def _identifier_missing(party: Party, person: Person, random: Random) -> bool:
    return _number(party, None)


@kind("identifier_lost_zero", 3)
def _lost_zero(party: Party, person: Person, random: Random) -> bool:
    return _number(party, person.personal_id.lstrip("0"))


@kind("identifier_digit_off", 3)
def _identifier_digit_off(party: Party, person: Person, random: Random) -> bool:
    at = random.randrange(6, 12)
    return _number(party, person.personal_id[:at] + str(random.randrange(10)) + person.personal_id[at + 1 :])


@kind("identifier_digits_swapped", 2)
def _digits_swapped(party: Party, person: Person, random: Random) -> bool:
    at, digits = random.randrange(6, 11), list(person.personal_id)
    digits[at], digits[at + 1] = digits[at + 1], digits[at]
    return _number(party, "".join(digits))


@kind("identifier_of_spouse", 1.2)
def _of_spouse(party: Party, person: Person, random: Random) -> bool:
    return person.spouse is not None and _number(party, person.spouse.personal_id)


@kind("identifier_of_child", 0.5)
def _of_child(party: Party, person: Person, random: Random) -> bool:
    return bool(person.children) and _number(party, random.choice(person.children).personal_id)


@kind("identifier_of_mother", 0.5)
def _of_mother(party: Party, person: Person, random: Random) -> bool:
    return person.mother is not None and _number(party, person.mother.personal_id)


@kind("identifier_of_twin", 4)
def _of_twin(party: Party, person: Person, random: Random) -> bool:
    return person.twin is not None and _number(party, person.twin.personal_id)


@kind("identifier_with_separators", 3)
def _with_separators(party: Party, person: Person, random: Random) -> bool:
    digits, mark = person.personal_id, random.choice((" ", ".", "-"))
    return _number(party, mark.join((digits[:3], digits[3:6], digits[6:9], digits[9:])))


@kind("identifier_former_digit_off", 1.5)
def _former_digit_off(party: Party, person: Person, random: Random) -> bool:
    if person.former_id is None:
        return False
    return _number(party, person.former_id[:-1] + str(random.randrange(10)))


@kind("identifier_placeholder", 1)
def _placeholder(party: Party, person: Person, random: Random) -> bool:
    return _number(party, random.choice(("000000000000", "999999999", "0", "123456789", "không có")))


@kind("identifier_wrong_and_no_date", 1)
def _wrong_and_no_date(party: Party, person: Person, random: Random) -> bool:
    return _born(party, None) | _identifier_digit_off(party, person, random)


def _live(party: Party, text: str | None) -> bool:
    changed = text != party.address
    party.address = text
    return changed


@kind("address_missing", 8)
def _address_missing(party: Party, person: Person, random: Random) -> bool:
    return _live(party, None)


@kind("address_of_former_commune", 10)
def _of_former_commune(party: Party, person: Person, random: Random) -> bool:
    name = next(place.former_name for place in list_places() if place.former_unit == person.former_unit)
    return _live(party, f"{person.address}, {name}, Quảng Ninh")


@kind("address_shortened", 6)
def _shortened(party: Party, person: Person, random: Random) -> bool:
    name = next(place.unit_name for place in list_places() if place.unit == person.unit)
    short = name.replace("Phường ", "P.").replace("Xã ", "X.")
    return _live(party, f"{person.address.replace('Thôn', 'Th.')}, {short}, T.QN")


@kind("address_before_moving", 4)
def _before_moving(party: Party, person: Person, random: Random) -> bool:
    return person.former_address is not None and _live(party, person.former_address)


@kind("address_elsewhere", 1)
def _elsewhere(party: Party, person: Person, random: Random) -> bool:
    return _live(party, draw_address(random, random.choice(list_places())))


LEGAL_FORMS = {
    "LIMITED_ONE_MEMBER": (
        "Công ty TNHH một thành viên",
        ("Cty TNHH MTV", "Công ty TNHH MTV", "CT TNHH 1TV", "CÔNG TY TNHH MỘT THÀNH VIÊN"),
    ),
    "LIMITED_MEMBERS": ("Công ty TNHH", ("Cty TNHH", "Công ty trách nhiệm hữu hạn", "CT TNHH")),
    "JOINT_STOCK": ("Công ty cổ phần", ("CTCP", "Cty CP", "C.ty cổ phần", "CÔNG TY CỔ PHẦN")),
    "PRIVATE_ENTERPRISE": ("Doanh nghiệp tư nhân", ("DNTN", "DN tư nhân", "Xí nghiệp tư nhân")),
    "COOPERATIVE": ("Hợp tác xã", ("HTX", "H.T.X")),
    "HOUSEHOLD_BUSINESS": ("Hộ kinh doanh", ("HKD", "Hộ KD", "HỘ KINH DOANH", "Hộ kinh doanh cá thể")),
}
"""Legal form → how the register writes it, how others do."""


def spoil_business_name(name: str, legal_form: str, random: Random) -> tuple[str, str]:
    """A business's name as another office writes it, and the kind of dirt."""
    form, others = LEGAL_FORMS[legal_form]
    own = name.removeprefix(form).strip()
    ways: dict[str, Any] = {
        "business_form_shortened": lambda: f"{random.choice(others)} {own}",
        "business_form_left_out": lambda: own,
        "business_without_marks": lambda: strip_marks(name).upper(),
        "business_branch_added": lambda: f"{name} - chi nhánh Hạ Long",
        "business_one_letter_off": lambda: name[: len(name) // 2] + name[len(name) // 2 + 1 :],
    }
    drawn = random.choices(list(ways), (6, 2, 3, 1, 1))[0]
    return ways[drawn](), drawn
