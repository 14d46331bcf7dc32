"""What an address says of which a part is written: never less than no address, by the shipped model."""

import polars as pl
import pytest

from hub.link.model.frozen import Model
from hub.link.model.party import PARTY
from hub.link.model.scoring.backends import Backend
from hub.link.model.scoring.score import score_pairs
from hub.link.model.training.start_model import start_model
from tests.system.linking.test_link_numbers import CITIZENS, people

NAME, BORN = "Mạc Thị Quyên", "1973-08-21"
HELD = "Tổ 3, khu 5, phường Hồng Gai"
REGISTER = people([*CITIZENS, {"key": "she", "name": NAME, "birth_date": BORN, "address": HELD}])  # type: ignore[list-item]


@pytest.fixture(scope="module")
def model() -> Model:
    made = start_model(PARTY, REGISTER)
    assert made is not None
    return made


def weight(model: Model, duck: Backend, birth: str, address: str | None) -> float:
    record = people([{"key": "r", "name": NAME, "birth_date": birth, "address": address}])
    pairs = score_pairs(model, record, REGISTER, backend=duck, floor=0.0).filter(pl.col("right_key") == "she")
    return float(pairs["weight"].item())


@pytest.mark.parametrize("birth", ["1973", "21/08/1973"])
@pytest.mark.parametrize(
    "address",
    [
        "khu 5, phường Hồng Gai",
        "Khu 5, P. Hồng Gai, tỉnh Quảng Ninh",
        "phường Hồng Gai",
        "phường Hồng Gai, tỉnh Quảng Ninh",
        HELD,
    ],
)
def test_a_part_of_the_address_weighs_no_less_than_none(duck: Backend, model: Model, birth: str, address: str) -> None:
    assert weight(model, duck, birth, address) >= weight(model, duck, birth, None) - 1e-6


def test_another_commune_still_speaks_against_a_match(duck: Backend, model: Model) -> None:
    assert weight(model, duck, "1973", "phường Cẩm Phả, tỉnh Quảng Ninh") < weight(model, duck, "1973", None) - 2
