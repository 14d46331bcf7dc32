"""Vetoes as SQL: candidates that may not be joined, by the tables of `schema.linking.vetoes`. Pure text, and what runs it.

A veto is kept in the evidence of the candidate, as the comparison `veto` with its code. A vetoed candidate still competes: another
one is not joined because the likelier is out. Two stages: of single candidates, as soon as rules or the model have found them; of
pairs of claims, once all fields of a round are decided.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from psycopg import Connection

from hub.link.field import Field, field_named
from hub.link.rules.decided_links import BY_RUN, render_heir
from hub.link.workspace import LinkWorkspace
from hub.model.names import quote_identifier, to_snake_case
from hub.model.tables import ACCEPTED
from schema.core import Label
from schema.linking.declarations import NAME_KEY, written
from schema.linking.vetoes import EVENTS, PAIRS, PERSONAL_ID_FORM, SUBJECTS, VETOES, Event, PairFacts, SubjectFacts

VETO = "veto"
REASONS: dict[str, Label] = {veto.code: veto.reason for veto in VETOES}
"""Code → what a reviewer reads."""
DAY = 10
"""Characters of a whole date; a shorter one is a month or a year."""


def digest_vetoes() -> list[Any]:
    """All that vetoes rest on beside records and subjects."""
    return [PERSONAL_ID_FORM, *(asdict(row) for table in (VETOES, SUBJECTS, EVENTS, PAIRS) for row in table)]


# --- Of single candidates ---------------------------------------------------------------------------------------------


def veto_ruled(connection: Connection[Any], field: Field) -> None:
    """Take back the acceptance of vetoed candidates of the rules, in `one`."""
    _veto(connection, field, "one", "accepted", ruled_vetoes(field))


def veto_scored(connection: Connection[Any], field: Field) -> None:
    """Take back the choice of vetoed candidates of the model, in `scored`."""
    _veto(connection, field, "scored", "chosen", scored_vetoes(field))


def ruled_vetoes(field: Field) -> tuple[str, ...]:
    """Selects of record_id, found_id and code over `one`."""
    return tuple(_candidates(field, "one", weighed=False))


def scored_vetoes(field: Field) -> tuple[str, ...]:
    """Selects of record_id, found_id and code over `scored`."""
    return tuple(_candidates(field, "scored", weighed=True))


def _veto(connection: Connection[Any], field: Field, table: str, joined: str, selects: Sequence[str]) -> None:
    if selects:
        connection.execute(_taken_back(field.temporary(table), f"{joined} = false", " union ".join(selects)))


def _taken_back(table: str, change: str, vetoes: str) -> str:
    entry = f"jsonb_build_object('comparison', '{VETO}', 'outcome', code, 'bits', null)"
    return (
        f"update {table} c set {change}, evidence = coalesce(c.evidence, '[]') || v.entries from (select record_id, found_id,"
        f" jsonb_agg({entry} order by code) as entries from ({vetoes}) v group by record_id, found_id) v"
        " where v.record_id = c.record_id and v.found_id = c.found_id"
    )


def _candidates(field: Field, table: str, *, weighed: bool) -> Iterator[str]:
    for facts in SUBJECTS:
        if facts.kind not in field.kinds:
            continue
        source = _source(field, table, facts)
        rows = [*_numbers(field, facts, weighed=weighed), *_events(field, facts)]
        rows += _likeness(field, facts) if weighed else ()
        values = ", ".join(f"('{code}', {condition})" for code, condition in rows)
        yield (
            f"select c.record_id, c.found_id, v.code {source}"
            f" cross join lateral (values {values}) v (code, holds) where v.holds"
        )
        for differs, namesake in _namesakes(field, facts):
            # Set apart, so that no plan reads the whole register for the few whose name or address is not the recorded one.
            few = f"select c.record_id, c.found_id, p.id as person_id, r.name_key, r.year {source} where {differs} offset 0"
            yield (
                f"select c.record_id, c.found_id, 'NAMESAKE_FITS_BETTER' from ({few}) c"
                f" join data.{field.entity.table} t on t.id = c.record_id"
                f" join data.{to_snake_case(facts.person)} p on p.id = c.person_id {namesake}"
            )


def _source(field: Field, table: str, facts: SubjectFacts) -> str:
    """The candidates `c` of a kind, the recorded values `r` and `t`, and the person `p` behind the subject."""
    subject = (
        f"join data.{to_snake_case(facts.kind)} p on p.id = c.found_id"
        if facts.through is None
        else f"join data.{to_snake_case(facts.kind)} s on s.id = c.found_id"
        f" join data.{to_snake_case(facts.person)} p on p.{facts.number} = s.{facts.through}"
    )
    return (
        f"from {field.temporary(table)} c join {field.temporary('recorded')} r on r.record_id = c.record_id"
        f" join data.{field.entity.table} t on t.id = c.record_id {subject} and c.subject_kind = '{facts.kind}'"
    )


def _numbers(field: Field, facts: SubjectFacts, *, weighed: bool) -> Iterator[tuple[str, str]]:
    held = f"p.{facts.number}"
    differs = f"r.personal <> {held} and r.personal ~ '{PERSONAL_ID_FORM}'"
    mistyped = one_error("r.personal", held)
    known = f"exists (select from data.{to_snake_case(facts.person)} x where x.{facts.number} = r.personal)"
    yield "ANOTHER_IDENTIFIER", _all(differs, f"not {mistyped}")
    tax_code = _recorded(field).get("tax_code")
    if tax_code is not None:
        # The identifier is the person's, and the tax code beside it is an identifier too, but another one.
        second = f"r.personal = {held} and {tax_code} <> {held} and {tax_code} ~ '{PERSONAL_ID_FORM}'"
        yield "ANOTHER_IDENTIFIER", _all(second, f"not {one_error(tax_code, held)}")
    yield "IDENTIFIER_OF_ANOTHER", _all(differs, mistyped, known)
    # A person can have had several former numbers, of which the register knows one; but not one that is somebody else's.
    holder = (
        f"select from data.{to_snake_case(facts.person)} x where x.{facts.former} = r.former and {_apart('x', 'p')}"
    )
    yield "IDENTIFIER_OF_ANOTHER", _all(f"r.former is distinct from p.{facts.former}", f"exists ({holder})")
    if weighed:
        yield (
            "IDENTIFIER_MISTYPED",
            _all(
                differs, mistyped, f"not {known}", f"not {_speaks('address', 'companions')}", _not_at_home(field, facts)
            ),
        )


def _all(*conditions: str) -> str:
    """Conditions in order: what costs more is asked of the rest only."""
    *first, last = conditions
    for condition in reversed(first):
        last = f"case when {condition} then {last} else false end"
    return f"coalesce({last}, false)"


def _apart(one: str, other: str) -> str:
    """Whether two rows are two people, also if rows were merged."""
    return f"{render_heir(f'{one}.id')} <> {render_heir(f'{other}.id')}"


def one_error(one: str, other: str) -> str:
    """Whether two numbers of one length differ in one digit, or by two neighbours exchanged."""
    digit = f"(select count(*) from generate_series(1, length({one})) i where substr({one}, i, 1) <> substr({other}, i, 1)) = 1"
    exchanged = (
        f"exists (select from generate_series(1, length({one}) - 1) i where {one} ="
        f" overlay({other} placing substr({other}, i + 1, 1) || substr({other}, i, 1) from i for 2))"
    )
    return f"(length({one}) = length({other}) and ({digit} or {exchanged}))"


SAME_DATE = ("same day", "day and month swapped", "one typing error")
"""Outcomes of the model's comparison `birth` that say more than a part of a date. The same day of another year is a part: a record that
has nothing else goes to a person."""


def _likeness(field: Field, facts: SubjectFacts) -> Iterator[tuple[str, str]]:
    """What the model's own evidence does not bear out."""
    differs = """c.evidence @> '[{"comparison": "birth", "outcome": "other"}]'"""
    # A relative has the number next to the person's, the family name, and often the address: with them the whole name has to be the same.
    known = (
        f"{_speaks('identifier')} and ({_speaks('address', 'companions')} or not {_not_at_home(field, facts)})"
        f" and {_written(_recorded(field)['name'])} = {written(f'p.{facts.name}')}"
    )
    yield "BIRTH_DIFFERS", _all(differs, f"({known}) is not true")
    dates = ", ".join(f"'{outcome}'" for outcome in SAME_DATE)
    dated = (
        "exists (select from jsonb_array_elements(c.evidence) e where e ->> 'comparison' = 'birth'"
        f" and e ->> 'outcome' in ({dates}))"
    )
    agrees = _speaks("identifier", "address", "companions")
    yield "NAME_AND_YEAR_ONLY", _all(f"not {dated}", f"not {agrees}", _not_at_home(field, facts))


def _not_at_home(field: Field, facts: SubjectFacts) -> str:
    """Whether the recorded address, if there is one, is not that of the register: one without a commune is not weighed by the model."""
    return f"coalesce(not {_lives_at(_recorded(field)['address'], f'p.{facts.address}')}, true)"


def _recorded(field: Field) -> dict[str, str]:
    """Part of a recorded party → its column in `t`."""
    return {part.part: f"t.{part.column.sql}" for part in field.recorded.recorded}


def _speaks(*comparisons: str) -> str:
    """Whether one of these comparisons of the model speaks for the candidate."""
    named = ", ".join(f"'{name}'" for name in comparisons)
    return (
        f"exists (select from jsonb_array_elements(c.evidence) e where e ->> 'comparison' in ({named})"
        " and (e ->> 'bits')::float > 0)"
    )


def _events(field: Field, facts: SubjectFacts) -> Iterator[tuple[str, str]]:
    if facts.through is not None:
        return
    for event in EVENTS:
        if event.field == field.name:
            yield from _event(event, facts)


def _event(event: Event, facts: SubjectFacts) -> Iterator[tuple[str, str]]:
    day, born, died = f"t.{quote_identifier(event.day)}::text", f"p.{facts.born}", f"p.{facts.died}::text"
    codes = ", ".join(f"'{code}'" for code in event.codes)
    meant = f"t.{quote_identifier(event.column)} in ({codes})" if event.column else "true"
    by = f"left(coalesce({day}, t.first_seen::date::text), 4)::int"
    if not event.is_birth:
        yield "BORN_AFTER", _all(meant, _earlier(day, born))
    if event.takes_living:
        yield "DIED_BEFORE", _all(meant, _earlier(died, day))
    # By years alone, which errs for the person by up to one.
    if event.least_age is not None:
        yield "TOO_YOUNG", _all(meant, f"{by} - left({born}, 4)::int < {event.least_age}")
    if event.greatest_age is not None:
        yield "TOO_OLD", _all(meant, f"left({day}, 4)::int - left({born}, 4)::int > {event.greatest_age}")
    if event.sex is not None:
        yield "OF_ANOTHER_SEX", _all(meant, f"p.{facts.sex} in ('MALE', 'FEMALE') and p.{facts.sex} <> '{event.sex}'")


def _earlier(one: str, other: str) -> str:
    """Whether a date is before another as far as both are stated: a year is not before one of its days."""
    length = f"least(length({one}), length({other}))"
    return f"left({one}, {length}) < left({other}, {length})"


def _namesakes(field: Field, facts: SubjectFacts) -> Iterator[tuple[str, str]]:
    """What of a candidate must differ, and the join to another person `o` who fits the record better: of the recorded name, or of the
    candidate's own name at the recorded address."""
    columns = _recorded(field)
    name, address, birth = columns["name"], columns["address"], columns.get("birth_date", "null::text")
    people = f"join data.{to_snake_case(facts.person)} o on"
    named = f"{name} <> p.{facts.name}"
    born = f"o.{facts.born} = p.{facts.born} and length(p.{facts.born}) = {DAY}"
    together = f"o.{facts.address} = p.{facts.address}"
    year = f"c.year = left(o.{facts.born}, 4)"
    another_year = f"c.year <> left(p.{facts.born}, 4)"
    day = f"{_is_day(birth, f'o.{facts.born}')} and not {_is_day(birth, f'p.{facts.born}')}"
    lives_there = (
        f"{address} <> p.{facts.address} and {_lives_at(address, f'o.{facts.address}')}"
        f" and not {_lives_at(address, f'p.{facts.address}')}"
    )
    # What costs more is asked of the few of whom something else agrees.
    near = f"(({born}) or {together} or ({year} and ({another_year} or {day})) or ({lives_there}))"
    exact = f"{_written(name)} = {written(f'o.{facts.name}')} and {_written(name)} <> {written(f'p.{facts.name}')}"
    yield (
        named,
        f"{people} o.{facts.name}_key = c.name_key and o.id <> p.id where {_all(near, exact, _apart('o', 'p'))}",
    )
    same_name = f"{people} o.{facts.name}_key = p.{facts.name}_key and o.id <> p.id"
    yield f"{address} <> p.{facts.address}", f"{same_name} where {_all(born, lives_there, _apart('o', 'p'))}"


def _is_day(recorded: str, held: str) -> str:
    """Whether a recorded date is a day of the register, written as in the register or day first."""
    day, month = (f"ltrim(substr({held}, {first}, 2), '0')" for first in (9, 6))
    form = rf"'^\s*0?' || {day} || '[/. -]0?' || {month} || '[/. -]' || left({held}, 4) || '\s*$'"
    return f"coalesce(length({held}) = {DAY} and ({recorded} = {held} or {recorded} ~ ({form})), false)"


def _written(name: str) -> str:
    return written(rf"btrim(regexp_replace({name}, '\s+', ' ', 'g'))")


def _lives_at(recorded: str, held: str) -> str:
    """Whether a recorded address is that of the register, or begins with it and goes on to the commune."""
    return f"starts_with(hub.name_key({recorded}) || ',', hub.name_key({held}) || ',')"


def find_namesakes(workspace: LinkWorkspace, kind: str, versions: str) -> None:
    """Make the table of the namesakes of the changed persons of a kind, as these are or were (`versions`)."""
    selects = [
        f"select p.id from {versions} o join data.{to_snake_case(kind)} p on o.{facts.name}_key = p.{facts.name}_key"
        f" and o.id <> p.id and o.{column} = p.{column}"
        for facts in _persons(kind)
        for column in (facts.born, facts.address)
    ]
    if selects:
        workspace.create(_namesakes_of(kind), " union ".join(selects), analyze=True, replace=True)


def select_namesakes(field: Field, kind: str) -> Iterator[str]:
    """Selects of the records with a row for a namesake of a changed person, and of those that a run left uncertain and that state the name
    of one. Needs `find_namesakes`."""
    if kind not in field.kinds:
        return
    for facts in _persons(kind):
        yield f"select l.record_id from {_namesakes_of(kind)} n join link.{field.table} l on l.found_id = n.id"
        name_key = NAME_KEY.format(name=_recorded(field)["name"])
        yield (
            f"select l.record_id from link.{field.table} l join data.{field.entity.table} t on t.id = l.record_id"
            f" where l.status <> 'CONFIRMED' and {name_key} in (select v.{facts.name}_key from version_of_{to_snake_case(kind)} v)"
        )


def _persons(kind: str) -> tuple[SubjectFacts, ...]:
    return tuple(facts for facts in SUBJECTS if facts.kind == kind and facts.through is None)


def _namesakes_of(kind: str) -> str:
    return f"namesake_of_{to_snake_case(kind)}"


# --- Of pairs of claims -----------------------------------------------------------------------------------------------


def veto_pairs(workspace: LinkWorkspace, fields: Sequence[Field], *, whole: bool) -> None:
    """Take back claims of these fields, in `wanted`, that cannot both be so; of two the one that rests on less. If the run is `whole`,
    nearly all claims of a field stand with one that is wanted; otherwise few do."""
    decided = {field.name for field in fields}
    rows = [(pair.field, pair_vetoes(pair)) for pair in PAIRS if pair.field in decided]
    if not rows:
        return
    connection = workspace.connection
    others = {field_named(pair.other) for pair in PAIRS if pair.field in decided}
    with workspace.dropped_after(VETO_OF_PAIR, *(other.temporary("claims") for other in others)):
        for other in others:
            # Looked up by record: over the two tables themselves each pair read all claims, which took 10 s at 20,000 citizens.
            if not whole:
                workspace.create(REACHED, _select_reached(other, decided), analyze=True)
            claims = _claims(other, decided, few=not whole)
            workspace.create(other.temporary("claims"), claims, index="record_id", analyze=True)
            workspace.drop(REACHED)
        workspace.create_empty(VETO_OF_PAIR, "field text, record_id bigint, found_id bigint, code text")
        for name, select in rows:
            connection.execute(f"insert into {VETO_OF_PAIR} select '{name}', v.* from ({select}) v")
        for field in fields:
            if any(pair.field == field.name for pair in PAIRS):
                found = f"select record_id, found_id, code from {VETO_OF_PAIR} where field = '{field.name}'"
                connection.execute(_taken_back(field.temporary("wanted"), "status = 'UNCONFIRMED'", found))


def pair_vetoes(pair: PairFacts) -> str:
    """Select of record_id, found_id and code of the claims of `pair.field` that another one speaks against. Needs the claims of
    `pair.other`."""
    field, other = field_named(pair.field), field_named(pair.other)
    on = pair.on.format(t="t", o="o")
    alike = pair.alike.format(s="s", x="x") if pair.alike else "mine.subject_id = other.subject_id"
    persons = SUBJECTS[0]
    subjects = (
        f" join data.{to_snake_case(persons.kind)} s on s.id = mine.found_id join data.{to_snake_case(persons.kind)} x on x.id = other.found_id"
        if pair.alike
        else ""
    )
    return (
        f"select distinct mine.record_id, mine.found_id, '{pair.veto}' as code from ({_wanted_claims(field)}) mine"
        f" join data.{field.entity.table} t on t.id = mine.record_id join data.{other.entity.table} o on {on}"
        f" join {other.temporary('claims')} other on other.record_id = o.id{subjects}"
        f" where {alike} and row(other.rank, other.weight) >= row(mine.rank, mine.weight)"
    )


def _select_reached(other: Field, decided: Collection[str]) -> str:
    """Select of the records of a field that stand with one of which something is wanted."""
    return " union ".join(
        f"select o.id as record_id from {field.temporary('wanted')} w join data.{field.entity.table} t on t.id = w.record_id"
        f" join data.{other.entity.table} o on {pair.on.format(t='t', o='o')}"
        for pair in PAIRS
        if pair.other == other.name and pair.field in decided
        for field in (field_named(pair.field),)
    )


REACHED, VETO_OF_PAIR = "reached", "veto_of_pair"
"""Temporary tables, see `hub.link.workspace`."""
RANKS = "when {c}.weight is not null then 1 when {c}.status = 'CONFIRMED' then 3 else 2 end as rank"
"""What a claim rests on: a rule that is sure, one that is not, or likeness."""


def _wanted_claims(field: Field) -> str:
    """What this run wants to join in a field: nothing else can be taken back."""
    return (
        f"select w.record_id, w.found_id, w.subject_id, case {RANKS.format(c='w')}, coalesce(w.weight, 0) as weight"
        f" from {field.temporary('wanted')} w where w.{ACCEPTED}"
    )


def _claims(field: Field, decided: Collection[str], *, few: bool) -> str:
    """The links of a field: those that this run makes, and those that it does not look at; if `few`, only of the records in reach. Most
    rests on what a person decided."""
    by_person = f"not {BY_RUN.format(l='l')}"
    kept = (
        f"select l.record_id, l.found_id, l.subject_id, case when {by_person} then 4 {RANKS.format(c='l')},"
        f" coalesce(l.weight, 0) as weight from link.{field.table} l{f' join {REACHED} using (record_id)' if few else ''}"
        f" where l.{ACCEPTED}"
    )
    if field.name not in decided:
        return kept
    return (
        f"{_wanted_claims(field)} union all {kept} and ({by_person} or not exists (select from {field.temporary('touched')} d"
        " where d.record_id = l.record_id))"
    )
