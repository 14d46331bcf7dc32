"""The SQL of linking one field: records normalised, candidates by rule, one decision for each record. Pure text.

Decision. A candidate is accepted where the recorded name agrees with the subject's or is not stated, the birth years do not
disagree, and the rule's own condition holds. A record is CONFIRMED (or PROBABLE, where the rule is not
sure) where its accepted candidates are one subject; otherwise everything found is UNCONFIRMED and joined to nothing. An identifier with a typing error can be another person's, with the
same birth year in it: so agreement of the year alone never confirms against a different name.
"""

from hub.link.rules import DIGITS, NORMALISED, Rule, rules_for
from hub.model.names import snake
from hub.model.registry import Entity, Linked
from hub.model.tables import ACCEPTED

BY_RUN = "starts_with(l.decided_by, 'run:')"
"""Links of earlier runs. What a person has decided is not a run's to change."""


def records(entity: Entity, linked: Linked) -> str:
    """A temporary table `recorded`: the record's id and its normalised values, for records that a person has not decided."""
    columns = {part.part: part.column.name for part in linked.recorded}
    digits: dict[str, str] = {
        name: DIGITS.format(column=f"t.{columns[name]}") for name in ("identifier", "tax_code") if name in columns
    }
    names: dict[str, str] = {"t": "t", **columns, **digits}
    if "parcel_number" in columns:
        names["day"] = f"substring(t.{columns['parcel_number']} from '@(\\d{{4}}-\\d\\d-\\d\\d):')"
    values = ", ".join(f"{sql.format(**names)} as {name}" for name, sql in NORMALISED[linked.family].items())
    return (
        f"create temporary table recorded on commit drop as select t.id as record_id, {values} from data.{entity.table} t"
        f" where not exists (select from link.{linked.table} l where l.record_id = t.id and not {BY_RUN})"
    )


def found(linked: Linked) -> tuple[str, ...]:
    """Statements that fill a temporary table `found` with the candidates of every rule, a lower tier only where needed."""
    rules = rules_for(linked.family, linked.kinds)
    create = (
        "create temporary table found (record_id bigint, subject_id bigint, subject_kind text, method text, rank int,"
        " accepted boolean, sure boolean, evidence jsonb) on commit drop"
    )
    inserts = []
    for rank, rule in enumerate(rules):
        unanswered = (
            "" if rule.tier == 1 else " and not exists (select from answered a where a.record_id = r.record_id)"
        )
        inserts.append((rule.tier, f"insert into found {_candidates(rule, rank)}{unanswered}"))
    statements = [create, *(sql for tier, sql in inserts if tier == 1)]
    if any(tier > 1 for tier, _ in inserts):
        statements.append("create temporary table answered on commit drop as select distinct record_id from found")
        statements += [sql for tier, sql in inserts if tier > 1]
    return tuple(statements)


WANTED = """
create temporary table wanted on commit drop as
with one as (
    -- One row for each subject of a record, by the best rule that found it; merged subjects are one.
    select distinct on (f.record_id, coalesce(h.heir_id, f.subject_id))
        f.record_id, f.subject_id as found_id, coalesce(h.heir_id, f.subject_id) as subject_id, f.subject_kind, f.method,
        f.evidence, f.accepted, f.sure
    from found f left join link.heir h on h.subject_id = f.subject_id
    order by f.record_id, coalesce(h.heir_id, f.subject_id), f.accepted desc, f.sure desc, f.rank, f.subject_id
), counted as (
    select record_id, count(*) filter (where accepted) as accepted from one group by record_id
)
select o.record_id, o.found_id, o.subject_id, o.subject_kind, o.method, o.evidence,
    case when c.accepted <> 1 then 'UNCONFIRMED' when o.sure then 'CONFIRMED' else 'PROBABLE' end as status
from one o join counted c using (record_id)
where c.accepted <> 1 or o.accepted
""".strip()
"""What should be in the link table: one accepted subject, or every candidate."""


def changes(linked: Linked) -> tuple[str, str, str]:
    """Statements that bring the link table to `wanted`: keep history, delete, insert. What is right already is not touched.

    Each takes %(at)s; the last also %(by)s.
    """
    table = f"link.{linked.table}"
    same = (
        "w.record_id = l.record_id and w.found_id = l.found_id and w.subject_id = l.subject_id and w.status = l.status"
        " and w.method = l.method"
        " and w.evidence is not distinct from l.evidence"
    )
    wrong = f"{BY_RUN} and not exists (select from wanted w where {same})"
    columns = "record_id, found_id, subject_id, subject_kind, status, method, confidence, weight, evidence, decided_by, decided_at"
    keep = (
        f"insert into link_history.{linked.table} ({columns}, sys_from, sys_to)"
        f" select {columns}, sys_from, %(at)s from {table} l where {wrong}"
    )
    insert = (
        f"insert into {table} ({columns}, sys_from) select w.record_id, w.found_id, w.subject_id, w.subject_kind,"
        f" w.status, w.method, null, null, w.evidence, %(by)s, %(at)s, %(at)s from wanted w"
        f" where not exists (select from {table} l where {same})"
    )
    return keep, f"delete from {table} l where {wrong}", insert


def announced(linked: Linked) -> str:
    """What the feed of changes is told: accepted links that were not there before, and those that are gone. Takes %(at)s."""
    now, before = f"link.{linked.table}", f"link_history.{linked.table}"
    made = (
        f"select '{linked.owner}', l.record_id, 'LINKED', l.subject_id, null::smallint, %(at)s from {now} l"
        f" where l.sys_from = %(at)s and l.{ACCEPTED} and not exists (select from {before} h where h.record_id = l.record_id"
        f" and h.subject_id = l.subject_id and h.sys_to = %(at)s and h.{ACCEPTED})"
    )
    gone = (
        f"select '{linked.owner}', h.record_id, 'UNLINKED', h.subject_id, null::smallint, %(at)s from {before} h"
        f" where h.sys_to = %(at)s and h.{ACCEPTED} and not exists (select from {now} l where l.record_id = h.record_id"
        f" and l.subject_id = h.subject_id and l.{ACCEPTED})"
    )
    return f"{made} union all {gone}"


def _candidates(rule: Rule, rank: int) -> str:
    def filled(sql: str | None) -> str:
        return (sql or "").format(r="r", s="s")

    name, year = (
        f"hub.names_agree(r.name_key, {filled(rule.subject.name_key)})",
        f"(r.year = {filled(rule.subject.year)})",
    )
    holds = [
        f"{test} is not false" for test, given in ((name, rule.subject.name_key), (year, rule.subject.year)) if given
    ]
    if rule.accept:
        holds.append(f"coalesce({filled(rule.accept)}, false)")
    compared = [
        (word, test)
        for word, test, given in (("name", name, rule.subject.name_key), ("birthYear", year, rule.subject.year))
        if given
    ]
    evidence = ", ".join(
        f"jsonb_build_object('comparison', '{word}', 'outcome',"
        f" case {test} when true then 'agrees' when false then 'differs' else 'missing' end, 'bits', null)"
        for word, test in compared
    )
    kinds = ", ".join(f"'{kind}'" for kind in rule.party_kinds)
    on = filled(rule.join) + (f" and (r.kind is null or r.kind in ({kinds}))" if kinds else "")
    return (
        f"select r.record_id, s.id, '{rule.subject.kind}', '{rule.name}', {rank}, {' and '.join(holds) or 'true'},"
        f" {filled(rule.sure) or 'true'}, {f'jsonb_build_array({evidence})' if evidence else 'null::jsonb'}"
        f" from recorded r {filled(rule.through)} join data.{snake(rule.subject.kind)} s on {on} {filled(rule.subject.beside)} where true"
    )
