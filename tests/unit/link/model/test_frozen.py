"""Models as bytes: the same value comes back, and what is no model, or another, is refused."""

import gzip
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import HubMisconfigured
from hub.link.model.frozen import Frequencies, Learned, Model, TrainedOn, from_bytes
from hub.link.model.roles import ColumnRole, map_roles

SPEC = map_roles(
    "people", "id", {"name": ColumnRole.SURNAME, "born": ColumnRole.BIRTH_DATE, "number": ColumnRole.IDENTIFIER}
)
RATES = st.floats(min_value=1e-9, max_value=1, allow_nan=False)


def model(m: float = 0.9, u: float = 0.1, values: dict[str, float] | None = None) -> Model:
    learned = {one.name: tuple(Learned(outcome, m, u) for outcome in one.outcomes) for one in SPEC.comparisons}
    on = TrainedOn(1, 1, 1.0, 1, 1, (), {"splink": "5"})
    return Model(SPEC, SPEC.digest, 0.001, learned, {"name": Frequencies(0.001, values or {})}, on)


@given(m=RATES, u=RATES, values=st.dictionaries(st.text(), RATES, max_size=5))
def test_a_model_comes_back_as_it_was(m: float, u: float, values: dict[str, float]) -> None:
    made = model(m, u, values)
    assert from_bytes(made.to_bytes()) == made
    assert made.to_bytes() == made.to_bytes()


@pytest.mark.parametrize("bytes_", [b"", b"nothing", gzip.compress(b"{}"), model().to_bytes()[:-9]], ids=range(4))
def test_what_is_no_model_is_refused(bytes_: bytes) -> None:
    with pytest.raises(HubMisconfigured, match="no linking model"):
        from_bytes(bytes_)


def test_a_model_of_a_changed_specification_is_refused() -> None:
    changed = replace(model(), spec=replace(SPEC, version=2))
    with pytest.raises(HubMisconfigured, match="changed since"):
        from_bytes(changed.to_bytes())
    assert model().serves(SPEC)
    assert not model().serves(replace(SPEC, version=2))


def test_bits_are_the_log_of_m_to_u() -> None:
    assert Learned("equal", 0.8, 0.1).bits == pytest.approx(3)
    assert model().prior_bits == pytest.approx(-9.964, abs=1e-3)
