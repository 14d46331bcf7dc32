"""Numbers within text: rules read what the model's features read, and what is repaired is a candidate only."""

import random
from collections.abc import Iterator

import pytest

from hub.link.normalise.identifiers import read_numbers
from hub.link.profile import load_profile
from hub.link.run.linking_run import run_linking
from hub.store.engine import make_engine
from schema.linking.written_numbers import CLEANED, LOST_ZEROS_OF_TAX_CODE
from tests.system.linking.links import Links

PERSONAL, FORMER = "022055810007", "012345678"
NAME = "Nguyễn Văn An"
FRAGMENTS = (
    PERSONAL, FORMER, "022", "055", "810", "007", "0100233488", "22055810007", "12345678", "1085001235", "5", "12.05.2021", "1/2/1999",
    "O", "o", "l", "|", "O22", "81O", "02A", "CCCD", "CMND", "MST", "số", "Số", "ĐT", "điện thoại", "GPLX", "cấp ngày", "và", "Căn cước", "ñ",
    " ", " ", " ", "  ", "-", ".", "_", "–", ",", "'", "’", "/", ";", ":", "(", ")", "\n", "\t", "\u00a0", "\u3000", ".0", ".00", "+84", "",
)  # fmt: skip
TEXTS = [
    "".join(draw.choices(FRAGMENTS, k=draw.randint(1, 9))) for draw in (random.Random(seed) for seed in range(3_000))
]


@pytest.fixture
def links(database_url: str) -> Iterator[Links]:
    made = make_engine(database_url)
    yield Links(made)
    made.dispose()


def test_rules_read_the_numbers_that_features_read(links: Links) -> None:
    """One alphabet, 3,000 texts: two engines mean the same by each pattern."""
    values = load_profile().families["Party"].normalised
    names = {"identifier": "d.c", "tax_code": "d.nothing", "identifier_written": "x.w", "tax_code_written": "d.nothing"}
    of_tax = {
        "identifier": "d.nothing",
        "tax_code": "d.c",
        "identifier_written": "d.nothing",
        "tax_code_written": "x.w",
    }
    wanted = ", ".join(
        f"({values[value].format(**given)})"
        for given in (names, of_tax)
        for value in ("personal", "former", "tax", "repaired")
    )
    query = (
        f"select {wanted} from unnest(%s::text[]) with ordinality x (w, n)"
        f" cross join lateral (select {CLEANED.format(column='x.w')} as c, null::text as nothing offset 0) d order by n"
    )
    with links.connection() as connection:
        rows = connection.execute(query.encode(), (TEXTS,)).fetchall()
    for text, row in zip(TEXTS, rows, strict=True):
        read = read_numbers(text)
        lost = read.repair == "LETTERS" or read.repaired_from in LOST_ZEROS_OF_TAX_CODE
        identifier = (read.personal, read.former, None, read.repaired)
        tax = (read.personal, None, read.tax and read.tax[:10], read.repaired if lost else None)
        assert row == (*identifier, *tax), text
    assert sum(row[0] is not None for row in rows) > 50
    assert sum(row[3] is not None for row in rows) > 50


@pytest.mark.parametrize(
    ("identifier", "method"),
    [
        (f"CCCD {PERSONAL}", "personal_identifier"),
        (f"Số định danh: {PERSONAL} cấp ngày 12/05/2021", "personal_identifier"),
        ("CCCD 022.055.810.007", "personal_identifier"),
        (f"CMND {FORMER}", "former_identifier"),
        (f"{FORMER} / {PERSONAL}", "personal_identifier"),
        (f"CMND {FORMER} - CCCD {PERSONAL}", "personal_identifier"),
    ],
)
@pytest.mark.parametrize("part", ["identifier", "tax_code"])
def test_a_number_with_words_around_it_is_the_number(links: Links, identifier: str, method: str, part: str) -> None:
    an = links.citizen(PERSONAL, NAME, former=FORMER)
    record = links.debt(kind="PERSON", name=NAME, **{part: identifier})
    links.run()
    known = method == "personal_identifier" or part == "identifier"
    assert links.of(record) == ([(an, "CONFIRMED", method)] if known else [])


def test_a_tax_code_with_words_around_it_is_the_tax_code(links: Links) -> None:
    name = "Công ty cổ phần Hà Lầm"
    firm = links.add("business", registration_number="1", enterprise_code="0100233488", legal_name=name, legal_form="JOINT_STOCK", status="ACTIVE")  # fmt: skip
    records = [
        links.debt(kind="ENTERPRISE", tax_code=written, name=name)
        for written in ("MST: 0100233488", "MST 0100233488-001")
    ]
    links.run()
    assert [links.of(record) for record in records] == [[(firm, "CONFIRMED", "enterprise_code")]] * 2


REPAIRED = [
    ("22055810007", "personal_identifier_repaired"),
    ("CCCD 22055810007", "personal_identifier_repaired"),
    ("O22055810007", "personal_identifier_repaired"),
    ("022 O558 1OOO7", "personal_identifier_repaired"),
    ("12345678", "former_identifier_repaired"),
    ("CMND O12345678", "former_identifier_repaired"),
]


@pytest.mark.parametrize(("identifier", "method"), REPAIRED)
@pytest.mark.parametrize("sure", [{}, {"birth_date": "1980-05-01"}])
def test_a_letter_or_a_lost_zero_makes_a_candidate_and_no_link(
    links: Links, identifier: str, method: str, sure: dict[str, str]
) -> None:
    an = links.citizen(PERSONAL, NAME, former=FORMER)
    home = links.add("household", household_code="HK1", head_personal_id=PERSONAL)
    record = links.debt(kind="PERSON", name=NAME, identifier=identifier, **sure)
    household = links.debt(kind="HOUSEHOLD", name=NAME, identifier=identifier, **sure)
    another = links.debt(kind="PERSON", name="Trần Thị Bình", identifier=identifier, **sure)
    nameless = links.debt(kind="PERSON", identifier=identifier)
    links.run()
    assert links.of(record) == [(an, "UNCONFIRMED", method)]
    (found,) = links.of(household)
    assert found[:2] == (home, "UNCONFIRMED")
    assert links.of(another) == links.of(nameless) == []


def test_two_numbers_of_one_length_are_nobodys(links: Links) -> None:
    links.citizen(PERSONAL, NAME)
    record = links.debt(kind="PERSON", name=NAME, identifier=f"{PERSONAL} / 022155810008")
    telephone = links.debt(kind="PERSON", name=NAME, identifier=f"GPLX {PERSONAL}")
    links.run()
    assert links.of(record) == links.of(telephone) == []


@pytest.mark.parametrize(
    "identifier",
    [f"CCCD {PERSONAL}", f"CMND {FORMER}", "22055810007", "O22055810007", "12345678", f"{FORMER}/{PERSONAL}"],
)
def test_a_run_of_changes_finds_what_a_whole_run_finds(links: Links, identifier: str) -> None:
    others = [links.citizen(f"0220800000{n:02}", f"Lê Văn {n}") for n in range(20)]
    record = links.debt(kind="PERSON", name=NAME, identifier=identifier)
    run_linking(links.engine)
    assert links.of(record) == []
    an = links.citizen(PERSONAL, NAME, former=FORMER)
    run_linking(links.engine)
    assert links.rows("select mode from hub.link_run order by id desc limit 1") == [("CHANGES",)]
    by_changes = links.of(record)
    assert [found for found, _, _ in by_changes] == [an]
    links.do("delete from data.citizen where id = :id", id=an)
    run_linking(links.engine)
    assert links.of(record) == []
    assert others
    links.do("update data.citizen set personal_id = :p, former_id = :f, full_name = :n, full_name_key = 'nguyen van an' where id = :id", p=PERSONAL, f=FORMER, n=NAME, id=others[0])  # fmt: skip
    links.do("update data.citizen set sys_from = now() where id = :id", id=others[0])
    run_linking(links.engine)
    assert [(found, *rest) for found, *rest in links.of(record)] == [(others[0], *by_changes[0][1:])]


@pytest.mark.parametrize("written", [f"CCCD {PERSONAL}", f"số {PERSONAL}"])
def test_another_valid_number_in_words_is_another_number(links: Links, written: str) -> None:
    links.citizen("022080000001", NAME)
    other = links.citizen(PERSONAL, "Trần Thị Bình")
    record = links.debt(kind="PERSON", name=NAME, birth_date="1980-05-01", identifier=written)
    links.run()
    assert links.of(record) == [(other, "UNCONFIRMED", "personal_identifier")]
