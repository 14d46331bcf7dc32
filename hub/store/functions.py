"""The few SQL functions of the store. Each is immutable, so that indexes and generated columns may use it."""

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
    return name_key.strip(), global_id.strip()
