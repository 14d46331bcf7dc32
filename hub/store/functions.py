"""The few SQL functions of the store. Each is immutable, so that indexes and generated columns may use it.

`name_key`: a name without tone marks and case. `global_id`: the id of a row in the graph. `names_agree`: two name keys are
equal, or one lacks some middle names of the other; family and given name have to be there.
"""

import unicodedata

_BASE = "aàáạảãâầấậẩẫăằắặẳẵeèéẹẻẽêềếệểễiìíịỉĩoòóọỏõôồốộổỗơờớợởỡuùúụủũưừứựửữyỳýỵỷỹ"


def folding() -> tuple[str, str]:
    """The Vietnamese letters with marks, in both cases, and the ASCII letters they fold to, position by position."""
    pairs: list[tuple[str, str]] = [("đ", "d"), ("ð", "d"), ("Đ", "d"), ("Ð", "d")]
    for letter in _BASE:
        plain = unicodedata.normalize("NFD", letter)[0]
        if letter != plain:
            pairs += [(letter, plain), (letter.upper(), plain)]
    return "".join(a for a, _ in pairs), "".join(b for _, b in pairs)


def statements() -> tuple[str, ...]:
    """`create or replace function` statements, in order."""
    accented, plain = folding()
    name_key = f"""
create or replace function hub.name_key(name text) returns text
language sql immutable strict parallel safe
return lower(translate(normalize(btrim(name), nfc), '{accented}', '{plain}') collate "C")
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
