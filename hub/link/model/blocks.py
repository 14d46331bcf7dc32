"""Blocks of the model of parties: only pairs that agree in one of them are compared."""

from hub.link.model.spec import Block

# Four in ten are named Nguyễn and one full name can be a thousand people's: no block is a name alone. Each of these is bounded by
# what grows as fast as the register does (days, numbers) or by a place.
BLOCKS = (
    Block(("personal_id",)),
    Block(("former_id",)),
    Block(("personal_id_tail",)),
    Block(("former_id_tail",)),
    Block(("name_ascii", "birth_year")),
    # A year that is one off leads nowhere else. The block grows as the one before does and is a fifth of it, since 365 days part those
    # who share a name into more groups than years of birth do: 2,974 pairs within 60,000 people, beside 16,328.
    Block(("name_ascii", "birth_day_month_day")),
    Block(("given_ascii", "birth_day_sorted")),
    Block(("surname_ascii", "birth_day_sorted")),
    Block(("name_ascii", "unit"), lacking="birth_year"),
    Block(("given_ascii", "unit", "hamlet", "grp")),
    Block(("initials", "birth_day_sorted"), lacking="given"),
    # The few people of a household that somebody recorded here lives in: a spouse without a number or a date is found there.
    Block(("companions",)),
)
TRAINING_BLOCKS = (
    Block(("personal_id",)),
    Block(("former_id",)),
    Block(("birth_day_sorted",)),
    Block(("surname_ascii", "middle_ascii", "given_ascii", "birth_year")),
    Block(("surname_ascii", "given_ascii", "birth_day_sorted")),
    Block(("surname_ascii", "middle_ascii", "given_ascii", "unit", "hamlet")),
)
"""The model learns from pairs that agree in one of these; each rate is learned from several of them."""
