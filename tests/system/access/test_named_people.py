"""Whoever a value names is found under every row that stands for them."""

from collections.abc import Iterator

import pytest

from hub.access.subjects.named_people import find_people_by_row
from hub.store.engine import make_engine
from tests.system.linking.links import Links

NUMBERS = ("022085000111", "022085000222", "022085000333", "022085000444")


@pytest.fixture
def links(database_url: str) -> Iterator[Links]:
    made = make_engine(database_url)
    yield Links(made)
    made.dispose()


def test_all_rows_that_were_merged_are_found_from_each_of_them(links: Links) -> None:
    heir, merged, sibling, other = (links.citizen(number) for number in NUMBERS)
    for row in (merged, sibling):
        links.do(
            "insert into link.heir (subject_id, heir_id, subject_kind, sys_from) values (:row, :heir, 'Citizen', now())",
            row=row,
            heir=heir,
        )
    with links.connection() as connection:
        found = find_people_by_row(connection, dict(enumerate([number] for number in NUMBERS)))
    family = frozenset(("Citizen", row) for row in (heir, merged, sibling))
    assert found == {0: family, 1: family, 2: family, 3: frozenset({("Citizen", other)})}
