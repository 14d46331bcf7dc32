"""The specification of parties as sectors record them, against the citizens of the population register.

Its columns are those of `hub.link.normalise`, on both sides; the register's own give `former_id` beside `personal_id`. Optional:
`near` and `districts` (see `commune_neighbours`), and `companions`.
"""

from hub.link.model.blocks import BLOCKS, TRAINING_BLOCKS
from hub.link.model.spec import (
    OTHER,
    Block,
    Bound,
    By,
    Comparison,
    FeatureField,
    Is,
    Kind,
    Level,
    Restated,
    Spec,
    Training,
)

FIELDS = (
    FeatureField("name", Kind.NAME),
    FeatureField("name_other", Kind.NAME, optional=True),
    FeatureField("surname", Kind.NAME),
    FeatureField("middle", Kind.NAME),
    FeatureField("given", Kind.NAME),
    FeatureField("initials", Kind.CODE),
    # Of people registered late only the year was known: so many share 1 January that it says no more than the year.
    FeatureField("birth_day", Kind.DATE, placeholders=("0101",)),
    FeatureField("birth_year", Kind.NUMBER),
    FeatureField("personal_id", Kind.IDENTIFIER),
    FeatureField("former_id", Kind.IDENTIFIER),
    FeatureField("id_year", Kind.NUMBER),
    FeatureField("id_sex", Kind.CODE),
    FeatureField("units", Kind.LIST),
    FeatureField("unit", Kind.CODE),
    FeatureField("near", Kind.LIST, optional=True),
    FeatureField("districts", Kind.LIST, optional=True),
    FeatureField("hamlet", Kind.TEXT),
    FeatureField("grp", Kind.CODE),
    FeatureField("companions", Kind.LIST, optional=True),
)

OTHER_WAY = Level("written the other way round", (Is(By.EXCHANGED, ("name", "name_other")),))

SURNAME = Comparison(
    "surname",
    stated=(("surname",),),
    levels=(
        Level("equal", (Is(By.EQUAL, ("surname",)),), frequency="surname"),
        # The frequency is that of the accented name, of whichever side is the more frequent: Nguyen is as common as Nguyễn.
        Level("equal but for marks", (Is(By.EQUAL, ("surname_ascii",)),), frequency="surname"),
        OTHER_WAY,
        Level("similar", (Is(By.SIMILAR, ("surname_ascii",), 0.85),)),
    ),
    # Offices mistype names and do not swap them: among matches another surname is rarer than a mistyped identifier.
    bounds=(Bound(OTHER, most=0.05), Bound("equal", least=0.5)),
    chains=(("equal", "equal but for marks", "similar", OTHER), ("written the other way round", OTHER)),
    agreements=("equal", "equal but for marks", "written the other way round"),
)
MIDDLE = Comparison(
    "middle_names",
    stated=(("given",),),
    levels=(
        Level("equal", (Is(By.EQUAL, ("middle",)),), frequency="middle"),
        Level("equal but for marks", (Is(By.EQUAL, ("middle_ascii",)),), frequency="middle"),
        Level("neither has one", (Is(By.NEITHER, ("middle",)),)),
        Level("one has none", (Is(By.ONE_SIDED, ("middle",)),)),
        Level("similar", (Is(By.SIMILAR, ("middle_ascii",), 0.85),)),
    ),
    bounds=(Bound(OTHER, most=0.1), Bound("one has none", most=0.3)),
    chains=(("equal", "equal but for marks", "similar", OTHER), ("equal", "one has none", OTHER)),
    agreements=("equal", "equal but for marks"),
)
GIVEN = Comparison(
    "given_name",
    stated=(("given",), ("initials",)),
    levels=(
        Level("equal", (Is(By.EQUAL, ("given",)),), frequency="given"),
        Level("equal but for marks", (Is(By.EQUAL, ("given_ascii",)),), frequency="given"),
        OTHER_WAY,
        Level("similar", (Is(By.SIMILAR, ("given_ascii",), 0.85),)),
        Level("abbreviated, initials equal", (Is(By.LACKING, ("given",)), Is(By.EQUAL, ("initials",)))),
        Level("abbreviated, initials differ", (Is(By.LACKING, ("given",)),)),
    ),
    bounds=(Bound(OTHER, most=0.05), Bound("equal", least=0.5), Bound("abbreviated, initials differ", most=0.02)),
    chains=(
        ("equal", "equal but for marks", "similar", OTHER),
        ("written the other way round", OTHER),
        ("equal", "abbreviated, initials equal", "abbreviated, initials differ"),
    ),
    agreements=("equal", "equal but for marks", "written the other way round", "abbreviated, initials equal"),
)
BIRTH = Comparison(
    "birth",
    stated=(("birth_year",),),
    levels=(
        Level("same day", (Is(By.EQUAL, ("birth_day",)),)),
        Level("day and month swapped", (Is(By.EQUAL, ("birth_day_sorted",)),)),
        # Before "one typing error", which 1979 for 1978 is as well and 1979 for 1980 is not: both come from counting years, and the more
        # special of two outcomes is asked first. Of strangers 1 pair in 13,000 is born so, and 1 in 900 one typing error apart.
        Level(
            "a year apart, same day and month",
            (Is(By.EQUAL, ("birth_day_month_day",)), Is(By.WITHIN, ("birth_year",), 1)),
        ),
        Level("one typing error", (Is(By.EDITS, ("birth_day",), 1),)),
        Level("same year, day not stated", (Is(By.LACKING, ("birth_day",)), Is(By.EQUAL, ("birth_year",)))),
        Level("same year, another day", (Is(By.EQUAL, ("birth_year",)),)),
        Level("a year apart, day not stated", (Is(By.LACKING, ("birth_day",)), Is(By.WITHIN, ("birth_year",), 1))),
    ),
    bounds=(
        Bound("day and month swapped", most=0.1),
        Bound("a year apart, same day and month", most=0.1),
        Bound("one typing error", most=0.1),
        Bound("same year, another day", most=0.1),
        Bound("a year apart, day not stated", most=0.1),
        Bound(OTHER, most=0.05),
    ),
    chains=(
        ("same day", "day and month swapped", "same year, another day", OTHER),
        ("same day", "one typing error", OTHER),
        ("same day", "a year apart, same day and month", "a year apart, day not stated", OTHER),
        ("same day", "same year, day not stated", "a year apart, day not stated", OTHER),
    ),
    agreements=("same day", "same year, day not stated"),
)
SAME_YEAR = Restated(
    "birth", ("same day", "day and month swapped", "same year, day not stated", "same year, another day")
)
"""A personal identifier states the year of birth, which the birth date has said already. Of dates a year apart it has said
another year; no level is kept for that, since another valid identifier is never joined."""
NAME_AGREES = (
    Is(By.SIMILAR, ("given_witness",), 0.85),
    Is(By.EDITS, ("given_witness",), 1),
    Is(By.EXCHANGED, ("name", "name_other")),
    Is(By.LACKING, ("given_witness",)),
)
"""The given names are alike, or the name is written the other way round, or one record does not state it in full."""
IDENTIFIER = Comparison(
    # Numbers that differ still say who they are of: the year and sex in them are compared here and not on their own, since an
    # identifier that is equal, or nearly, has said it already.
    "identifier",
    stated=(("personal_id",), ("former_id",)),
    levels=(
        Level("equal", (Is(By.EQUAL, ("personal_id",)),), either=NAME_AGREES),
        Level("former one equal", (Is(By.EQUAL, ("former_id",)),), either=NAME_AGREES),
        # A wife's record with her husband's number: it is no evidence that he is meant.
        Level("equal, but of another name", (Is(By.EQUAL, ("personal_id",)),)),
        Level("former one equal, but of another name", (Is(By.EQUAL, ("former_id",)),)),
        Level("one typing error", (Is(By.EDITS, ("personal_id",), 1),), either=NAME_AGREES),
        Level("former one with one typing error", (Is(By.EDITS, ("former_id",), 1),), either=NAME_AGREES),
        Level("another, of the same year and sex", (Is(By.EQUAL, ("id_year", "id_sex")),), restates=SAME_YEAR),
    ),
    bounds=(
        Bound("equal, but of another name", most=0.05),
        Bound("former one equal, but of another name", most=0.05),
        Bound("one typing error", most=0.15),
        Bound("former one with one typing error", most=0.15),
        # Nobody has two valid numbers but who was registered twice; otherwise it is somebody else's number in the wrong column.
        Bound("another, of the same year and sex", most=0.02),
        Bound(OTHER, most=0.05),
    ),
    chains=(
        ("equal", "one typing error", "another, of the same year and sex", OTHER),
        ("equal", "equal, but of another name"),
        ("former one equal", "former one equal, but of another name"),
        ("former one equal", OTHER),
    ),
    never_for=(
        "equal, but of another name",
        "former one equal, but of another name",
        "another, of the same year and sex",
    ),
    agreements=("equal", "former one equal"),
)
ADDRESS = Comparison(
    "address",
    stated=(("units",),),
    levels=(
        Level("same group of the hamlet", (Is(By.SHARES, ("units",)), Is(By.EQUAL, ("hamlet", "grp")))),
        Level("same hamlet", (Is(By.SHARES, ("units",)), Is(By.EQUAL, ("hamlet",)))),
        Level("same commune", (Is(By.SHARES, ("units",)),)),
        Level("neighbouring commune", (Is(By.SHARES, ("near",)),)),
        Level("same former district", (Is(By.SHARES, ("districts",)),)),
    ),
    bounds=(Bound(OTHER, most=0.5),),
    # Who writes a part of an address agrees on that part: it must not count against the record, as if it named another place.
    agreements=("same group of the hamlet", "same hamlet", "same commune"),
)
COMPANIONS = Comparison(
    # A record's own: the households of those who are recorded with it and linked already. A citizen's: the own household.
    "companions",
    stated=(("companions",),),
    levels=(Level("recorded with one of the household", (Is(By.SHARES, ("companions",)),)),),
    bounds=(Bound(OTHER, most=0.95),),
    agreements=("recorded with one of the household",),
)

PARTY = Spec(
    name="party",
    version=1,
    key="key",
    fields=FIELDS,
    comparisons=(SURNAME, MIDDLE, GIVEN, BIRTH, IDENTIFIER, ADDRESS, COMPANIONS),
    blocks=BLOCKS,
    training=Training(
        certain=(Block(("personal_id", "given_ascii")), Block(("former_id", "given_ascii"))),
        # Offices leave out or mistype about one identifier in ten (7 in 100 and 1.5 in 100 in land papers).
        recall=0.9,
        over=TRAINING_BLOCKS,
        pairs=2_000_000,
        withheld=("personal_id", "former_id", "id_year", "id_sex"),
    ),
    reference=True,
)
