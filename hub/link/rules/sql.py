"""The SQL of linking one field: records normalised, candidates by rule, one decision for each record. Pure text.

Decision. A candidate of a rule is accepted where the recorded name agrees with the subject's or is not stated, the birth years
do not disagree, and the rule's own condition holds. A record is CONFIRMED (or PROBABLE, where the rule is not sure) where its
accepted candidates are one subject. Where they are not, the model's choice is PROBABLE, if it has one; otherwise everything
found is UNCONFIRMED and joined to nothing. An identifier with a typing error can be another person's, with the same birth year
in it: so agreement of the year alone never confirms against a different name. What a person decided binds.

The temporary tables of a field are described in `hub.link.workspace`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.link.field import COLUMNS, Field
from hub.link.profile import load_profile
from hub.link.rules.decided_links import BY_RUN, render_decided, render_refused
from hub.link.rules.declared_evidence import as_json, render_evidence_bits
from hub.model.names import to_snake_case
from hub.model.tables import ACCEPTED
from schema.linking.declarations import Rule
from schema.linking.written_numbers import CLEANED

REACHED_VALUE = "reached_value"
"""The temporary table of the values by which a rule leads to a changed subject."""
UNASKED = "null::text"
"""For a value that no rule looks up by."""
LAST_LOOK = "(select max(started_at) from hub.link_run where ended_at is not null and mode in ('FULL', 'CHANGES'))"
"""When the last run began that looked at all that had changed."""


# --- Candidates -------------------------------------------------------------------------------------------------------


def select_records(field: Field, *, only: str | None = None, rules: Sequence[Rule] | None = None) -> str:
    """A select of the normalised values of records that no person has decided; `only` is a table of ids. With `rules`, of records
    that these may lead to a changed subject, decided or not, the values that they look up by, and no others: names take longest."""
    family = load_profile().families[field.recorded.family]
    columns = {part.part: part.column.name for part in field.recorded.recorded}
    numbers = [name for name in family.numbers if name in columns]
    names: dict[str, str] = {"t": "t", **columns, **{name: f"d.{name}" for name in numbers}}
    names |= {f"{name}_written": f"t.{columns[name]}" for name in numbers}
    names |= {name: word.format(**names) for name, word in family.words.items()}
    names |= {
        name: value.format(t="t")
        for name, value in {**family.stated, **load_profile().stated.get(field.name, {})}.items()
    }
    values = {name: value.format(**names) for name, value in family.normalised.items()}
    chosen = f" join {only} o on o.record_id = t.id" if only else ""
    where = f"not {render_decided(field, 't.id')}"
    if rules is not None:
        values = {
            name: _of_kinds(value, asking, values)
            for name, value in values.items()
            if (asking := [rule for rule in rules if f"{{r}}.{name}" in rule.through + rule.join]) or name == "kind"
        }
        where = _narrowed(family.looked_up, rules, {**names, **dict.fromkeys(family.normalised, UNASKED), **values})
    listed = ", ".join(f"{value} as {name}" for name, value in values.items())
    bare = ", ".join(f"{CLEANED.format(column=f't.{columns[name]}')} as {name}" for name in numbers)
    # `offset 0` keeps the planner from writing the expression wherever the column stands, to be computed each time.
    once = f" cross join lateral (select {bare} offset 0) d" if bare else ""
    return f"select t.id as record_id, {listed} from data.{field.entity.table} t{once}{chosen} where {where}"


def _narrowed(looked_up: Sequence[str], rules: Sequence[Rule], values: Mapping[str, str]) -> str:
    """Whether one of these rules can lead from a record to a changed subject at all. Needs `reached_value`."""
    if not looked_up or any(rule.reached is None for rule in rules):
        return "true"
    asked = [sql for value in looked_up if (sql := value.format(**values)) != UNASKED]
    return " or ".join(f"{sql} in (select value from {REACHED_VALUE})" for sql in asked)


def select_reached_values(rules: Sequence[Rule]) -> str:
    """Select of `reached_value`: the values by which these rules lead to a changed subject."""
    selects = [rule.reached for rule in rules if rule.reached is not None] or ["select null::text where false"]
    return f"select value from ({' union '.join(selects)}) v (value) where value is not null"


def _of_kinds(value: str, asking: Sequence[Rule], values: Mapping[str, str]) -> str:
    """A value of the records of kinds that some rule asks for it, and null of others: most records are of persons, and only rules
    of businesses look up by the name."""
    if not asking or not all(rule.party_kinds for rule in asking):
        return value
    kinds = sorted({f"'{kind}'" for rule in asking for kind in rule.party_kinds})
    return f"case when {values['kind']} is null or {values['kind']} in ({', '.join(kinds)}) then {value} end"


FOUND_COLUMNS = (
    "record_id bigint, subject_id bigint, subject_kind text, method text, rank int, accepted boolean, sure boolean,"
    " strength real, evidence jsonb"
)
"""Of `found`."""
SELECT_ANSWERED = "select distinct record_id from {found} where accepted"
"""Select of `answered`."""


def render_candidates(field: Field) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Statements that fill `found` with the candidates of every rule: those of the first tier, and the rest, which are of the records
    that are not `answered` by the first."""
    recorded, into = field.temporary("recorded"), field.temporary("found")
    first, later = [], []
    for rank, rule in enumerate(load_profile().rules_for(field.recorded.family, field.kinds)):
        insert = f"insert into {into} {_candidates(rule, rank, recorded)}"
        if rule.tier == 1:
            first.append(insert)
        else:
            later.append(f"{insert} and not exists (select from answered a where a.record_id = r.record_id)")
    return tuple(first), tuple(later)


def select_met_records(field: Field, rules: Sequence[Rule]) -> str:
    """Select of the records that a rule of any tier leads to a changed subject, as it is or as it was (`version_of_…`): what is
    no longer there may have kept a rule from being asked. Over the recorded values of all records, which are computed once and not
    stored: to write them to a table took as long again."""
    recorded = field.temporary("recorded")
    met = " union all ".join(
        f"select r.record_id from {recorded} r {_filled(rule.through)} join {name_versions_table(rule.subject.kind)} s on {_joined(rule)}"
        for rule in rules
    )
    # Whether a person has decided is asked of the few that are met: of all, it had the whole link table read.
    return (
        f"select m.record_id from (with {recorded} as materialized ({select_records(field, rules=rules)}) {met}) m"
        f" where not {render_decided(field, 'm.record_id')}"
    )


def name_versions_table(kind: str) -> str:
    """The name of the temporary table of a run that has each version of the changed subjects of a kind."""
    return f"version_of_{to_snake_case(kind)}"


def select_best_candidates(field: Field) -> str:
    """Select of `one`: a row for each subject of a record, by the best rule that found it; merged subjects are one."""
    heir = "coalesce(h.heir_id, f.subject_id)"
    return (
        f"select distinct on (f.record_id, {heir}) f.record_id,"
        f" f.subject_id as found_id, {heir} as subject_id, f.subject_kind, f.method, f.evidence, f.accepted, f.sure, f.strength"
        f" from {field.temporary('found')} f left join link.heir h on h.subject_id = f.subject_id"
        f" where not {render_refused(field, 'f', 'f.subject_id')}"
        f" order by f.record_id, {heir}, f.accepted desc, f.sure desc, f.strength desc, f.rank, f.subject_id"
    )


def select_unanswered(field: Field) -> str:
    """A select of the records of `recorded` that the rules leave open."""
    one = field.temporary("one")
    return (
        f"select r.record_id from {field.temporary('recorded')} r where (select count(*) from {one} o"
        f" where o.record_id = r.record_id and o.accepted) <> 1"
    )


SCORED_COLUMNS = (
    "record_id bigint, found_id bigint, subject_kind text, confidence real, weight real, evidence jsonb, chosen boolean"
)
"""Of `scored`."""


# --- Decision ---------------------------------------------------------------------------------------------------------


def select_wanted(field: Field) -> str:
    """Select of `wanted`: one accepted subject of a record, or every candidate. `%(model)s` names the model."""
    one, scored = field.temporary("one"), field.temporary("scored")
    return f"""
with ruled as (
    select o.* from {one} o join (
        select record_id from {one} where accepted group by record_id having count(*) = 1
    ) c using (record_id) where o.accepted
), modelled as (
    -- Of rows that are one subject by now the likeliest.
    select distinct on (s.record_id, coalesce(h.heir_id, s.found_id)) s.*, coalesce(h.heir_id, s.found_id) as subject_id
    from {scored} s left join link.heir h on h.subject_id = s.found_id
    where not exists (select from ruled r where r.record_id = s.record_id) and not {render_refused(field, "s", "s.found_id")}
    order by s.record_id, coalesce(h.heir_id, s.found_id), s.chosen desc, s.weight desc, s.found_id
), chosen as (
    select * from modelled where chosen
)
select record_id, found_id, subject_id, subject_kind, case when sure then 'CONFIRMED' else 'PROBABLE' end as status,
    method, null::real as confidence, null::real as weight, evidence, false as by_model
from ruled
union all
select record_id, found_id, subject_id, subject_kind, 'PROBABLE', {_likeness("chosen")}, confidence, weight, evidence, true
from chosen
union all
select record_id, coalesce(o.found_id, m.found_id), subject_id, coalesce(o.subject_kind, m.subject_kind), 'UNCONFIRMED',
    coalesce(o.method, {_likeness("m")}), m.confidence, m.weight, coalesce(m.evidence, o.evidence), m.record_id is not null
from {one} o full join modelled m using (record_id, subject_id)
where not exists (select from ruled r where r.record_id = coalesce(o.record_id, m.record_id))
    and not exists (select from chosen c where c.record_id = coalesce(o.record_id, m.record_id))
""".strip()


def _likeness(candidate: str) -> str:
    """The method of a candidate that rules left open: declared evidence for organisations, the model for all else."""
    whens = " ".join(
        f"when '{kind}' then '{subject.organisation.method}'"
        for kind, subject in load_profile().subjects.items()
        if subject.organisation
    )
    return f"case {candidate}.subject_kind {whens} else %(model)s::text end" if whens else "%(model)s::text"


WANTED_COLUMNS = (
    "record_id bigint, found_id bigint, subject_id bigint, subject_kind text, status text, method text, confidence real,"
    " weight real, evidence jsonb, by_model boolean"
)
"""Of `wanted`."""


def render_contested(field: Field, within: tuple[str, ...]) -> str:
    """Statement that takes back what likeness claims against another record of the same group, where the other is no weaker."""
    wanted, touched = field.temporary("wanted"), field.temporary("touched")
    group = f"row({', '.join(f't.{column}' for column in within)})" if within else "row(true)"
    complete = " and ".join(f"t.{column} is not null" for column in within) or "true"
    # Of records outside this run, only claims on subjects that likeness claims now: reading all of a field took as long as deciding it.
    return f"""
with claims as (
    select w.record_id, w.subject_id, {group} as grouped, w.by_model, w.weight
    from {wanted} w join data.{field.entity.table} t on t.id = w.record_id
    where w.{ACCEPTED} and {complete}
    union all
    select l.record_id, l.subject_id, {group}, l.weight is not null, l.weight
    from link.{field.table} l join data.{field.entity.table} t on t.id = l.record_id
    where l.{ACCEPTED} and {complete} and not exists (select from {touched} o where o.record_id = l.record_id)
        and l.subject_id in (select m.subject_id from {wanted} m where m.{ACCEPTED} and m.by_model)
)
update {wanted} w set status = 'UNCONFIRMED' from claims mine
where w.record_id = mine.record_id and w.subject_id = mine.subject_id and w.{ACCEPTED} and w.by_model
    and exists (
        select from claims other where other.subject_id = mine.subject_id and other.grouped = mine.grouped
        and other.record_id <> mine.record_id and (not other.by_model or other.weight >= mine.weight)
    )
""".strip()


def select_rivals(field: Field) -> str:
    """Select of the records outside `touched` with a row for a subject that is claimed in `wanted`, or was by those touched, also
    before a person decided."""
    wanted, touched = field.temporary("wanted"), field.temporary("touched")
    return (
        f"select distinct l.record_id from link.{field.table} l where not exists (select from {touched} o"
        f" where o.record_id = l.record_id) and l.subject_id in (select w.subject_id from {wanted} w union"
        f" select b.subject_id from link.{field.table} b join {touched} o using (record_id) union"
        f" select b.subject_id from {select_withdrawn(field)} b)"
    )


def select_withdrawn(field: Field) -> str:
    """Rows of a link table, in brackets, that changed records had when the last run looked and that a person has taken since."""
    return (
        f"(select b.record_id, b.found_id, b.subject_id from link_history.{field.table} b join changed n on n.id = b.record_id"
        f" where b.sys_to >= {LAST_LOOK})"
    )


@dataclass(frozen=True)
class Changes:
    """What brings a link table to `wanted`, in this order. `keep` and `insert` take %(at)s, `insert` also %(by)s."""

    forget: str
    """What persons have decided meanwhile is not a run's any more."""
    renew: str
    """The heirs of now."""
    wrong: str
    """Select of `wrong`: the rows that go."""
    keep: str
    delete: str
    insert: str


def render_link_changes(field: Field, *, whole: bool) -> Changes:
    """Leave right links untouched and, if the run is partial, every record it has not looked at."""
    links, wanted, wrong = f"link.{field.table}", field.temporary("wanted"), field.temporary("wrong")
    owner = f"data.{field.entity.table}"
    # A select for each reason: joined by `or`, each would read a whole table for the few rows that are wanted.
    gone = " union ".join(
        f"select w.record_id, w.found_id from {wanted} w where {reason}"
        for reason in (
            render_decided(field, "w.record_id"),
            render_refused(field, "w", "w.found_id"),
            f"not exists (select from {owner} t where t.id = w.record_id)",
        )
    )
    forget = f"delete from {wanted} w using ({gone}) x where x.record_id = w.record_id and x.found_id = w.found_id"
    heir = "coalesce((select h.heir_id from link.heir h where h.subject_id = w.found_id), w.found_id)"
    same = (
        "w.record_id = l.record_id and w.found_id = l.found_id and w.subject_id = l.subject_id and w.status = l.status"
        " and w.method = l.method and w.weight is not distinct from l.weight and w.evidence is not distinct from l.evidence"
    )
    looked_at = f"select l.* from {links} l" + (
        "" if whole else f" join {field.temporary('touched')} o using (record_id)"
    )
    reasons = [
        f"{BY_RUN.format(l='l')} and not exists (select from {wanted} w where {same})",
        f"not exists (select from {owner} t where t.id = l.record_id)",
        *(
            f"l.subject_kind = '{kind}' and not exists (select from data.{to_snake_case(kind)} s where s.id = l.found_id)"
            for kind in field.kinds
        ),
    ]
    rows = " union ".join(f"select l.record_id, l.found_id from ({looked_at}) l where {reason}" for reason in reasons)
    these = "l.record_id = x.record_id and l.found_id = x.found_id"
    return Changes(
        forget=forget,
        renew=f"update {wanted} w set subject_id = {heir} where w.subject_id <> {heir}",
        wrong=rows,
        keep=(
            f"insert into link_history.{field.table} ({COLUMNS}, sys_from, sys_to)"
            f" select {', '.join(f'l.{name}' for name in COLUMNS.split(', '))}, l.sys_from, %(at)s"
            f" from {links} l join {wrong} x on {these}"
        ),
        delete=f"delete from {links} l using {wrong} x where {these}",
        insert=(
            f"insert into {links} ({COLUMNS}, sys_from) select w.record_id, w.found_id, w.subject_id, w.subject_kind,"
            f" w.status, w.method, w.confidence, w.weight, w.evidence, %(by)s, %(at)s, %(at)s from {wanted} w"
            f" where not exists (select from {links} l where {same})"
        ),
    )


def render_announced(field: Field, *, chosen: bool = False) -> str:
    """What the feed of changes is told: accepted links that were not there before, and those that are gone. Takes %(at)s, and
    %(records)s where only some records are `chosen`."""
    now, before = f"link.{field.table}", f"link_history.{field.table}"
    these = " and l.record_id = any(%(records)s)" if chosen else ""
    same = "b.record_id = l.record_id and b.subject_id = l.subject_id"
    made = (
        f"select '{field.entity.name}', l.record_id, 'LINKED', l.subject_id, null::smallint, %(at)s from {now} l"
        f" where l.sys_from = %(at)s and l.{ACCEPTED}{these} and not exists (select from {before} b where {same}"
        f" and b.sys_to = %(at)s and b.{ACCEPTED})"
    )
    gone = (
        f"select '{field.entity.name}', l.record_id, 'UNLINKED', l.subject_id, null::smallint, %(at)s from {before} l"
        f" where l.sys_to = %(at)s and l.{ACCEPTED}{these} and not exists (select from {now} b where {same}"
        f" and b.{ACCEPTED})"
    )
    # A row of a register can be the same as two older ones, which are one: told once.
    return f"{made} union {gone}"


# --- Rules ------------------------------------------------------------------------------------------------------------


def _filled(sql: str | None) -> str:
    return (sql or "").format(r="r", s="s")


def _joined(rule: Rule) -> str:
    kinds = ", ".join(f"'{kind}'" for kind in rule.party_kinds)
    return _filled(rule.join) + (f" and (r.kind is null or r.kind in ({kinds}))" if kinds else "")


def _candidates(rule: Rule, rank: int, recorded: str) -> str:
    subject = rule.subject
    tests = [(word, _filled(test)) for word, test in subject.tests]
    holds = [f"{test} is not false" for _, test in tests]
    if rule.accept:
        holds.append(f"coalesce({_filled(rule.accept)}, false)")
    strength = f"{_filled(rule.prior)} + {_filled(render_evidence_bits(subject.weighed))}"
    evidence = _filled(as_json(subject.weighed)) if subject.weighed else _tested(tests)
    return (
        f"select r.record_id, s.id, '{subject.kind}', '{rule.name}', {rank}, {' and '.join(holds) or 'true'},"
        f" {_filled(rule.sure) or 'true'}, {strength}, {evidence}"
        f" from {recorded} r {_filled(rule.through)} join data.{to_snake_case(subject.kind)} s on {_joined(rule)}"
        f" {_filled(subject.beside)} where {_filled(rule.found_if) or 'true'}"
    )


def _tested(tests: Sequence[tuple[str, str]]) -> str:
    evidence = ", ".join(
        f"jsonb_build_object('comparison', '{word}', 'outcome',"
        f" case {test} when true then 'agrees' when false then 'differs' else 'missing' end, 'bits', null)"
        for word, test in tests
    )
    return f"jsonb_build_array({evidence})" if evidence else "null::jsonb"
