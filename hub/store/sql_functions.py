"""The few SQL functions of the store. Each is immutable, so that indexes and generated columns may use it.

`name_key`: a name without tone marks and case. `global_id`: the id of a row in the graph. `names_agree`: two name keys are
equal, or one lacks some middle names of the other; family and given name have to be there.
"""

D_WITH_STROKE = "đĐðÐ"
"""Đ does not decompose, and old systems type Ð for it."""
MARKS = "\u0300\u0301\u0302\u0303\u0306\u0309\u031b\u0323"
"""The combining marks of Vietnamese: two letters' worth of shape and five tones."""

LETTERS = "ÆØÞĦĲĿŁŊŒŦƏ"
"""Capitals of Latin names that are no other letter with a mark, and so are not lowered with the twenty-six of ASCII. The
capitals of all scripts would be 1,400, and the database's own lowering depends on how it was set up."""


def list_function_statements() -> tuple[str, ...]:
    """`create or replace function` statements, in order."""
    # Decomposed, there are 23 characters to translate; composed there are 134, which took four times as long.
    name_key = f"""
create or replace function hub.name_key(name text) returns text
language sql immutable strict parallel safe
return lower(translate(normalize(btrim(name), nfd), '{D_WITH_STROKE}{LETTERS}{MARKS}', 'dddd{LETTERS.lower()}') collate "C")
"""
    global_id = """
create or replace function hub.global_id(kind text, id bigint) returns text
language sql immutable strict parallel safe
return encode(convert_to(kind || ':' || id::text, 'UTF8'), 'base64')
"""
    names_agree = """
create or replace function hub.names_agree(one text, other text) returns boolean
language sql immutable strict parallel safe
return one = other or (
    split_part(one, ' ', 1) = split_part(other, ' ', 1) and split_part(one, ' ', -1) = split_part(other, ' ', -1)
    and (string_to_array(one, ' ') <@ string_to_array(other, ' ') or string_to_array(other, ' ') <@ string_to_array(one, ' '))
)
"""
    return name_key.strip(), global_id.strip(), names_agree.strip()
