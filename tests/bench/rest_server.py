"""A list API, `python -m tests.bench.rest_server PATH|URL SOCKET`: a CSV file, or a table of the database at a URL.

Of the file every page of JSON is made beforehand, so that the server has only to send it. Of the table each page is queried and
written when it is asked for, as an API of a real system does.
"""

import socket
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

import orjson
import polars as pl
import psycopg
import uvicorn
from psycopg.rows import dict_row
from starlette.types import Receive, Scope, Send

from tests.bench.manifests import API_PATH, PAGE_ROWS, TABLE


def prepared(path: Path) -> Callable[[int], bytes]:
    """Pages of a CSV file, made beforehand."""
    frame = pl.read_csv(path, infer_schema=False)
    slices = list(frame.iter_slices(PAGE_ROWS))
    pages = [orjson.dumps({"pages": len(slices), "items": rows.to_dicts()}) for rows in slices]
    return lambda page: pages[page - 1]


def queried(url: str) -> Callable[[int], bytes]:
    """Pages of the table of people, whose ids are 0, 1, 2 …."""
    connection = psycopg.connect(url, autocommit=True, row_factory=dict_row)
    (bound,) = connection.execute(f"select max(id::int) + 1 as rows from {TABLE}").fetchall()
    pages = -(-bound["rows"] // PAGE_ROWS)
    query = f"select * from {TABLE} where id::int >= %s and id::int < %s order by id::int"

    def page(number: int) -> bytes:
        items = connection.execute(query, ((number - 1) * PAGE_ROWS, number * PAGE_ROWS)).fetchall()
        return orjson.dumps({"pages": pages, "items": items})

    return page


class Pages:
    """An ASGI application that sends what `page` gives."""

    def __init__(self, page: Callable[[int], bytes]) -> None:
        self.page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer page `page` of the list; 404 to everything else."""
        assert scope["type"] == "http"
        found = scope["path"] == API_PATH
        body = self.page(int(parse_qs(scope["query_string"])[b"page"][0])) if found else b""
        length = str(len(body)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 200 if found else 404, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def main() -> None:
    """Serve until interrupted."""
    where, number = sys.argv[1:]
    page = queried(where) if where.startswith("postgresql") else prepared(Path(where))
    config = uvicorn.Config(Pages(page), log_level="warning", access_log=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(number))])


if __name__ == "__main__":
    main()
