"""The files of the demonstration's systems, served line by line, also after somebody has edited them."""

from pathlib import Path

from hub.demo.systems.http_systems import IndexedLines


def test_a_file_that_was_edited_is_served_as_it_is_now(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id":1,"a":"x"}\n{"id":2,"a":"y"}\n', encoding="utf-8")
    lines = IndexedLines(path)
    assert (len(lines), lines.find([2])) == (2, [b'{"id":2,"a":"y"}'])
    path.write_text('{"id":1,"a":"a longer one"}\n{"id":2,"a":"y"}\n{"id":3,"a":"z"}\n', encoding="utf-8")
    assert lines.find([3, 1]) == [b'{"id":1,"a":"a longer one"}', b'{"id":3,"a":"z"}']
    assert lines.page(2, 2) == b'{"id":3,"a":"z"}'
    assert len(lines) == 3
    path.write_text("", encoding="utf-8")
    assert (len(lines), lines.find([1]), lines.page(1, 10)) == (0, [], b"")
