"""The two HTTP systems of the demo province, each a process of its own: `python -m hub.demo.systems.http_systems land|business`.

Land is a paged REST API behind OAuth2 client credentials, business a JSON Lines export behind an API key. Both serve files
that were rendered before, so a million citizens cost them an index of line offsets and no more. The process takes its
listening socket from its parent and ends with it; secrets come through the environment.
"""

import argparse
import ctypes
import hmac
import mmap
import os
import re
import secrets
import signal
import socket
import time
from base64 import b64decode
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

TOKEN_LIFE_S = 300
MOST_ROWS = 2_000
MOST_IDS = 100
CHUNK = 1 << 20
PR_SET_PDEATHSIG = 1
LAND_STREAMS = ("thua-dat", "quyen-su-dung-dat", "han-che", "quy-hoach", "phieu-chuyen")
LINE_ID = re.compile(rb'^\{"id":"?([0-9]+)', re.MULTILINE)
Numbers = npt.NDArray[np.int64]


class IndexedLines:
    """A JSON Lines file and where each of its lines begins. A file that somebody has changed is indexed anew."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._state: tuple[int, int] | None = None
        self._ends: Numbers = np.zeros(1, dtype=np.int64)

    @property
    def ends(self) -> Numbers:
        """Where the lines begin, and the end of the file."""
        state = self.path.stat()
        if self._state != (state.st_mtime_ns, state.st_size):
            self._ends, self._state = self._find_ends(), (state.st_mtime_ns, state.st_size)
            self.__dict__.pop("_by_id", None)
        return self._ends

    def _find_ends(self) -> Numbers:
        size = self.path.stat().st_size
        data = np.memmap(self.path, dtype=np.uint8, mode="r") if size else np.empty(0, dtype=np.uint8)
        ends = [np.flatnonzero(data[at : at + CHUNK] == 10) + at for at in range(0, len(data), CHUNK)]
        return np.concatenate([np.array([-1]), *ends]).astype(np.int64) + 1

    def __len__(self) -> int:
        return len(self.ends) - 1

    def find(self, ids: Iterable[int]) -> list[bytes]:
        """The lines with these ids, in the order of the file."""
        if not len(self):  # looks whether the file has changed
            return []
        numbers, lines = self._by_id
        found: list[int] = []
        for wanted in dict.fromkeys(ids):
            at, end = np.searchsorted(numbers, wanted), np.searchsorted(numbers, wanted, "right")
            found += lines[at:end].tolist()
        with self.path.open("rb") as data:
            return [self._read_line(data, line) for line in sorted(found)]

    @cached_property
    def _by_id(self) -> tuple[Numbers, Numbers]:
        """Every id in ascending order, and the number of its line. Made when the first row is looked up."""
        with self.path.open("rb") as data, mmap.mmap(data.fileno(), 0, access=mmap.ACCESS_READ) as text:
            found = np.array([(int(match[1]), match.start()) for match in LINE_ID.finditer(text)], dtype=np.int64)
        numbers, starts = found.reshape(-1, 2).T
        order = np.argsort(numbers, kind="stable")
        return numbers[order], np.searchsorted(self._ends, starts[order])

    def _read_line(self, data: BinaryIO, line: int) -> bytes:
        data.seek(int(self._ends[line]))
        return data.read(int(self._ends[line + 1] - self._ends[line])).rstrip(b"\n")

    def page(self, number: int, size: int) -> bytes:
        """The lines of a page, joined as the inside of a JSON array."""
        ends = self.ends
        first, last = min((number - 1) * size, len(ends) - 1), min(number * size, len(ends) - 1)
        with self.path.open("rb") as lines:
            lines.seek(int(ends[first]))
            read = lines.read(int(ends[last] - ends[first]))
        return b",".join(read.splitlines())


def land_app(folder: Path, client_id: str, client_secret: str, *, token_life_s: float = TOKEN_LIFE_S) -> Starlette:
    """The land system over `folder`/land/*.jsonl."""
    files = {name: IndexedLines(folder / "land" / f"{name}.jsonl") for name in LAND_STREAMS}
    tokens: dict[str, float] = {}

    async def token(request: Request) -> Response:
        form = dict(part.split("=", 1) for part in (await request.body()).decode().split("&") if "=" in part)
        given = parse_basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
        if form.get("grant_type") != "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        if not (hmac.compare_digest(given[0], client_id) and hmac.compare_digest(given[1], client_secret)):
            return JSONResponse({"error": "invalid_client"}, 401, {"WWW-Authenticate": "Basic"})
        made = secrets.token_urlsafe(24)
        tokens[made] = time.monotonic() + token_life_s
        return JSONResponse({"access_token": made, "token_type": "Bearer", "expires_in": int(token_life_s)})

    async def rows(request: Request) -> Response:
        lines = files[request.url.path.rpartition("/")[2]]
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or tokens.get(given, 0.0) < time.monotonic():
            return JSONResponse({"loi": "token không hợp lệ hoặc đã hết hạn"}, 401, {"WWW-Authenticate": "Bearer"})
        if (ids := _parse_ids(request)) is not None:
            found = lines.find(ids)
            head = f'{{"trang":1,"so_trang":1,"tong_so":{len(found)},"du_lieu":['.encode()
            return Response(head + b",".join(found) + b"]}", media_type="application/json")
        page, size = (
            request.query_params.get(name, default) for name, default in (("page", "1"), ("page_size", "1000"))
        )
        if not (page.isdecimal() and size.isdecimal() and int(page) >= 1 and 1 <= int(size) <= MOST_ROWS):
            return JSONResponse({"loi": f"page từ 1, page_size từ 1 đến {MOST_ROWS}"}, 400)
        pages = max(1, -(-len(lines) // int(size)))
        head = f'{{"trang":{int(page)},"so_trang":{pages},"tong_so":{len(lines)},"du_lieu":['.encode()
        return Response(head + lines.page(int(page), int(size)) + b"]}", media_type="application/json")

    listed = [Route(f"/api/v1/{name}", rows, methods=["GET"]) for name in files]
    return Starlette(routes=[Route("/oauth/token", token, methods=["POST"]), *listed])


def business_app(folder: Path, key: str) -> Starlette:
    """The business register over `folder`/business/doanh-nghiep.jsonl."""
    path = folder / "business" / "doanh-nghiep.jsonl"
    lines = IndexedLines(path)

    async def export(request: Request) -> Response:
        if not hmac.compare_digest(request.headers.get("x-api-key", ""), key):
            return JSONResponse({"loi": "khoá API không hợp lệ"}, 401)
        if (ids := _parse_ids(request)) is not None:
            found = [line + b"\n" for line in lines.find(ids)]
            return Response(b"".join(found), media_type="application/x-ndjson")
        return StreamingResponse(_chunks(path), media_type="application/x-ndjson")

    return Starlette(routes=[Route("/export/doanh-nghiep.jsonl", export, methods=["GET"])])


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as data:
        while chunk := data.read(CHUNK):
            yield chunk


def _parse_ids(request: Request) -> list[int] | None:
    """The ids that single rows are asked for by, at most MOST_IDS of them; None if the request is for the list."""
    given = request.query_params.get("id")
    if given is None:
        return None
    return [int(part) for part in given.split(",")[:MOST_IDS] if part.isascii() and part.isdecimal()]


def parse_basic(request: Request) -> tuple[str, str] | None:
    """User and password of HTTP basic authentication; None if there are none."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = b64decode(given, validate=True).decode().partition(":")
    except ValueError:
        return None
    return user, password


def end_with_parent() -> None:
    """Let the kernel end this process when its parent ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def main() -> None:
    """Serve one system on the socket that the parent handed over."""
    parser = argparse.ArgumentParser()
    parser.add_argument("system", choices=("land", "business"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("socket", type=int)
    given = parser.parse_args()
    end_with_parent()
    if given.system == "land":
        app = land_app(given.folder, os.environ["LAND_CLIENT_ID"], os.environ["LAND_CLIENT_SECRET"])
    else:
        app = business_app(given.folder, os.environ["BUSINESS_API_KEY"])
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(
        sockets=[socket.socket(fileno=given.socket)]
    )


if __name__ == "__main__":
    main()
