"""Declarations of linking for a sector: families of recorded subjects, rules, and the fields known and shown of each kind of subject.

Declarations are values with SQL in them; the engine of linking reads them and names no entity itself. In SQL `{t}` is the record, `{r}`
the record as recorded and normalised, and `{s}` the subject.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

KNOWN_BY_RULE = "({l}.status = 'CONFIRMED' or {l}.status = 'PROBABLE' and {l}.weight is null)"
"""Links that rest on no likeness: what they say of a subject is evidence for others."""
NAME_KEY = r"hub.name_key(regexp_replace({name}, '\s+', ' ', 'g'))"
TONES = "\u0300\u0301\u0303\u0309\u0323"
SHAPES = "\u0302\u0306\u031b"


def written(name: str) -> str:
    """A name as it is written but for what nobody means: case, Unicode form, ð for đ, the place of a tone mark.

    Decomposed, a tone mark is a letter of its own; it is moved to the end of its syllable, wherever it stood. Blanks are in
    order already: every value type cleans them.
    """
    plain = f"lower(translate(normalize({name}, nfd), 'ĐÐð', 'đđđ') collate \"C\")"
    return f"regexp_replace({plain}, '([{TONES}])([a-zđ{SHAPES}]+)', '\\2\\1', 'g')"


def same_name(held: str) -> str:
    """Whether the recorded name is the held one, tone marks and middle names included; false if none is recorded."""
    recorded = written(r"btrim(regexp_replace({r}.name, '\s+', ' ', 'g'))")
    return f"case when {{r}}.name = {held} then true else coalesce({recorded} = {written(held)}, false) end"


@dataclass(frozen=True)
class Outcome:
    """One outcome of a comparison: SQL that is true if it came out so, and its weight in bits. Outcomes are tried in order."""

    name: str
    condition: str
    bits: float


@dataclass(frozen=True)
class Evidence:
    """One comparison; none of its outcomes holds if a side states nothing."""

    comparison: str
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True)
class SubjectMatchRule:
    """A kind of subject as rules find it: the table `{s}`, the tables joined `beside`, and the values compared with the record.

    Each test has the word that the evidence calls it, and SQL that is null if one of the two states nothing. If one is
    false, the row found is a candidate only. Where evidence is `weighed`, the candidates of a record compete by it.
    """

    kind: str
    beside: str = ""
    tests: tuple[tuple[str, str], ...] = ()
    weighed: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Rule:
    """One way from a recorded subject to a subject.

    `join` finds it, over the tables of `through` where it takes more than one step; `party_kinds` are the recorded kinds for
    which the rule speaks (a record that states none is open to every rule); `found_if` is a further condition without which a
    match is nothing, `accept` one without which it is a candidate only, `sure` one without which an accepted match is PROBABLE and not CONFIRMED. Rules of a second
    `tier` are asked only if no rule of the first found anything. `prior`, SQL, is what the rule itself weighs, in bits.
    `reached` selects the values, of those that the family looks up by, that lead to a changed subject as it is or as it was
    (`version_of_…`); it may select more.
    """

    name: str
    family: str
    subject: SubjectMatchRule
    join: str
    about: str
    party_kinds: tuple[str, ...] = ()
    through: str = ""
    found_if: str | None = None
    accept: str | None = None
    sure: str | None = None
    tier: int = 1
    prior: str = "0"
    reached: str | None = None


@dataclass(frozen=True)
class Family:
    """How the recorded columns of a family (an as-recorded class without `AsRecorded`) become what rules look up by.

    `normalised`: value → SQL over `{t}` and the recorded parts by name. `numbers` are parts whose name in it stands for their text as
    `schema.linking.written_numbers` cleans it, and `…_written` for the text itself; `words` are further names, SQL over `{t}` and the parts. `stated` are values that only
    records of some linked fields state, with what they are elsewhere. Nothing is corrected: what fits no form is no identifier.
    `looked_up` is what rules look up by, over `{t}`, the parts and normalised values: a rule leads to a changed subject only if one of
    these is a value that it reaches. Of most records none is, and to find out all of theirs takes longer.
    """

    normalised: Mapping[str, str]
    numbers: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    stated: Mapping[str, str] = field(default_factory=dict)
    looked_up: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standing:
    """What sure links of a linked field say of subjects of one kind: `select` gives found_id, a row of theirs, and the value; it is
    kept in the temporary table `table` of a run, in the column `value`. Such fields are linked before all others.

    `subjects` gives the ids of the subjects of which it may be otherwise by the rows `l` of the field's link table. `companions` says
    that the value is where a subject lives, which likeness compares.
    """

    field: str
    kind: str
    table: str
    value: str
    select: str
    subjects: str = "l.found_id as id from {links} l"
    companions: bool = False


@dataclass(frozen=True)
class DerivedRelation:
    """A temporary table that rules join, made once at the beginning of a run: `select`, indexed by the columns `unique` together and by
    the column `index`. A run of changes gives what a full run gives only if everything is linked anew when the rows that it is derived
    from change, as with administrative units."""

    table: str
    select: str
    unique: tuple[str, ...]
    index: str


@dataclass(frozen=True)
class PartyRegister:
    """A kind of subject that the model of parties weighs: the kind that sectors record it as; a select of key, name, birth_date,
    identifier, former_id, address and unit_code; and one of key and companions, where each lives, `{only}` of some ids. `reference`
    is the register that the model is learned against."""

    recorded_as: str
    select: str
    companions: str
    reference: bool = False


@dataclass(frozen=True)
class OrganisationRegister:
    """A kind of subject that declared evidence weighs (`hub.link.likeness.organisations`): the recorded kinds that mean it, which of them is
    a person's own business, and a select from `{table}` of key, name, form, numbers, address, unit_code and people."""

    recorded_kinds: tuple[str, ...]
    own_business: str
    select: str
    method: str


@dataclass(frozen=True)
class SubjectLinking:
    """A kind of subject, as linking needs to know it.

    `shown` is what a reviewer sees beside a recorded part: SQL over `{s}` and what `shown_from` joins. `alike` selects others that a
    reviewer could take for the found one `d.found_id`: id and `unlike`, the least first. `moved_by` are selects of the ids of
    subjects that compare otherwise since rows of other registers are in `changed` (id, entity).
    """

    shown: Mapping[str, str]
    alike: str
    shown_from: str = ""
    moved_by: tuple[str, ...] = ()
    party: PartyRegister | None = None
    organisation: OrganisationRegister | None = None


@dataclass(frozen=True)
class SectorLinking:
    """What one module of `schema.linking` declares. `stated` has, for linked fields, the values that their records state and others do
    not (see `Family`)."""

    families: Mapping[str, Family] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    subjects: Mapping[str, SubjectLinking] = field(default_factory=dict)
    standings: tuple[Standing, ...] = ()
    relations: tuple[DerivedRelation, ...] = ()
    stated: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
