"""The start model: shipped with the program, for a store that has too little to learn from.

`hub link model build-start` makes it from the demonstration's province, in which nobody is real. How records of a match differ is
taken from it; how often names are borne, and how likely any pair is, from the register that it is used on.
"""

from dataclasses import replace
from functools import cache
from importlib.resources import files

import polars as pl

from hub.errors import HubMisconfigured
from hub.link.model.frozen import Model, from_bytes
from hub.link.model.scoring.prepare import prepare_records
from hub.link.model.spec import Spec
from hub.link.model.training.estimate import round_kept_digits
from hub.link.model.training.train import count_frequencies

FILE = "party.json.gz"


@cache
def load_start_model() -> Model | None:
    """The model as it is shipped; None if the file is absent or of an earlier form, as while it is built anew."""
    try:
        return from_bytes((files("hub.link.model.training") / "start" / FILE).read_bytes())
    except (FileNotFoundError, HubMisconfigured):
        return None


def start_model(spec: Spec, register: pl.DataFrame) -> Model | None:
    """The shipped model for a register; None if it was made for another form of the specification."""
    model = load_start_model()
    if model is None or not model.serves(spec) or register.is_empty():
        return None
    return replace(
        model,
        # The part of records that are of anybody in the register stays; each is of one of its people.
        prior=round_kept_digits(min(model.prior * model.trained_on.right / len(register), 0.5)),
        frequencies=count_frequencies(spec, (prepare_records(spec, register),)),
    )
