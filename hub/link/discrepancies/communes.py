"""The SQL that reads communes out of written addresses, and says which communes of today each is. Pure text.

An address ends with its commune and what the commune is part of: `phường Hồng Hải, thành phố Hạ Long, tỉnh Quảng Ninh` before
the districts ended, `phường Hồng Gai, tỉnh Quảng Ninh` since. Compared are the communes of *today* that a commune is or went
into: so an address from before a reorganisation agrees with one from after it, and an address in a commune that was split
agrees with each of its parts. Few tails are distinct among many addresses, so each is read once.
"""

from dataclasses import dataclass

COMMUNE_WORDS = "phuong|xa|thi tran|dac khu|tt|p|x"
DISTRICT_WORDS = "quan|huyen|thi xa|thanh pho|tp|tx|q|h"
PROVINCE_WORDS = "tinh|thanh pho|tp|t"


def render_address_tail(address: str) -> str:
    """The last three phrases of an address, as they are written."""
    parts = " || ',' || ".join(f"split_part(translate({address}, ';', ','), ',', {at})" for at in (-3, -2, -1))
    return f"({parts})"


def _bare(phrase: str, words: str) -> str:
    r"""A key without its leading kind of unit. `\M` is the end of a word: `p` begins `phuong` too."""
    return rf"regexp_replace({phrase}, '^({words})\M[. ]*', '')"


def _key(name: str) -> str:
    """Without tone marks, case, and dots or blanks at the ends."""
    return rf"btrim(hub.name_key(regexp_replace({name}, '\s+', ' ', 'g')), ' .')"


NAMED = f"""
select u.unit_code, {_bare("u.name_key", COMMUNE_WORDS)} as commune, above.level as within,
    {_bare("above.name_key", DISTRICT_WORDS)} as district,
    {_bare("coalesce(top.name_key, above.name_key)", PROVINCE_WORDS)} as province
from data.administrative_unit u
join data.administrative_unit above on above.unit_code = u.parent_unit_code
left join data.administrative_unit top on top.unit_code = above.parent_unit_code
where u.level = 'COMMUNE'
    and {_bare("u.name_key", COMMUNE_WORDS)} in (select split_part(p.phrase, ',', 1) from address_phrase p)
""".strip()
"""Commune that an address may name → its name and those of what it was part of, without what kind of unit each is."""

GAZETTEER = f"""
with phrased as (
    select n.commune || ',' || n.district || ',' || n.province as phrase, n.unit_code
    from commune_named n where n.within = 'DISTRICT'
    union
    select n.commune || ',' || n.province, n.unit_code from commune_named n
    union
    -- An old commune under the province that it is in now.
    select n.commune || ',' || {_bare("coalesce(top.name_key, above.name_key)", PROVINCE_WORDS)}, n.unit_code
    from commune_named n join commune_today t using (unit_code) cross join unnest(t.today) one (unit_code)
    join data.administrative_unit now on now.unit_code = one.unit_code
    join data.administrative_unit above on above.unit_code = now.parent_unit_code
    left join data.administrative_unit top on top.unit_code = above.parent_unit_code
)
select p.phrase, array_agg(distinct one) as today
from phrased p join commune_today t using (unit_code) cross join unnest(t.today) one group by p.phrase
""".strip()
"""What an address can end with → the communes of today that it can mean: several, where names repeat within a province."""


def _today(units: str) -> str:
    """Select of communes → the communes of today that each is or went into, whole or in part. Of those that an address
    may name and of `units`, a query of unit_code: of all communes it takes longer than all else in a run of few changes."""
    return f"""
with recursive went (unit_code, now_code) as (
    select u.unit_code, u.unit_code from data.administrative_unit u
    where u.level = 'COMMUNE' and u.unit_code in (select unit_code from commune_named union {units})
    union
    select w.unit_code, c.successor_unit_code from went w
    join data.administrative_unit_change c on c.predecessor_unit_code = w.now_code
)
select w.unit_code, array_agg(w.now_code order by w.now_code) as today
from went w join data.administrative_unit u on u.unit_code = w.now_code where u.valid_to is null group by w.unit_code
""".strip()


def _phrases(tails: str) -> str:
    """Select of `tails`, a query of one column `tail`, with the phrase that the gazetteer is to have of each.

    The kind of unit in the last phrase but one decides how it is read: behind a commune stands the province, and behind
    anything else a district is taken to stand, since communes of today are named as districts once were.
    """
    phrase = [_key(f"split_part(t.tail, ',', {at})") for at in (1, 2, 3)]
    last = _bare("p.last", PROVINCE_WORDS)
    return (
        f"with p as (select t.tail, {phrase[0]} as first, {phrase[1]} as middle, {phrase[2]} as last from ({tails}) t)"
        " select p.tail, case"
        rf" when p.middle ~ '^({COMMUNE_WORDS})\M' then {_bare('p.middle', COMMUNE_WORDS)} || ',' || {last}"
        rf" else {_bare('p.first', COMMUNE_WORDS)} || ',' || {_bare('p.middle', DISTRICT_WORDS)} || ',' || {last} end as phrase"
        " from p"
    )


TAILS = "select p.tail, g.today from address_phrase p join gazetteer g on g.phrase = p.phrase"
"""Tail of an address → the communes of today that it can mean."""


@dataclass(frozen=True)
class CommuneTable:
    """A temporary table that reading addresses needs: its name, what it is made of, and the column that finds a row."""

    name: str
    select: str
    unique: str | None = None


def list_commune_tables(compared: str) -> tuple[CommuneTable, ...]:
    """The tables, in the order in which they are made, with which `render_apart_condition` can be asked of the addresses and units
    that `compared` selects: the tail of each address, and the unit_code. They are few, and to find them is to read many links."""
    return (
        CommuneTable("address_compared", compared),
        CommuneTable("address_phrase", _phrases("select distinct tail from address_compared")),
        CommuneTable("commune_named", NAMED),
        CommuneTable("commune_today", _today("select unit_code from address_compared"), unique="unit_code"),
        CommuneTable("gazetteer", GAZETTEER),
        CommuneTable("address_tail", TAILS, unique="tail"),
    )


TABLES = tuple(table.name for table in list_commune_tables(""))


def render_apart_condition(address: str, unit: str) -> str:
    """Whether a written address is in none of the communes that a unit is today; null if either is not known."""
    return (
        f"(select not a.today && c.today from address_tail a, commune_today c"
        f" where a.tail = {render_address_tail(address)} and c.unit_code = {unit})"
    )
