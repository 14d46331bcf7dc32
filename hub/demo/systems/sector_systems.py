"""The five sector systems of the demo province, really running: a database, two HTTP servers, a SOAP service, a folder of files."""

import os
import secrets
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from hub.errors import SourceUnavailable

POPULATION_DATABASE = "dan_cu"
POPULATION_ROLE = "population_reader"
START_TIMEOUT_S = 30.0
POPULATION_TABLES = {
    "cong_dan": (
        "id bigint primary key, so_dinh_danh text, so_cmnd_cu text, ho_va_ten text, gioi_tinh text, ngay_sinh text,"
        " ngay_mat date, dan_toc text, ma_xa text, ngay_dang_ky date, dia_chi text, ghi_chu text, cap_nhat_luc timestamptz"
    ),
    "ho_gia_dinh": (
        "id bigint primary key, ma_ho text, so_dinh_danh_chu_ho text, ma_xa text, ngay_lap date, dia_chi text,"
        " cap_nhat_luc timestamptz"
    ),
    "thanh_vien_ho": (
        "id bigint primary key, ma_ho text, so_dinh_danh text, ho_va_ten text, ngay_sinh text, quan_he text,"
        " loai_cu_tru text, tu_ngay date,"
        " cap_nhat_luc timestamptz"
    ),
    "hon_nhan": (
        "id bigint primary key, so_dinh_danh text, ho_va_ten text, ngay_sinh text, tinh_trang text,"
        " so_dinh_danh_vo_chong text, ho_va_ten_vo_chong text, tu_ngay date, den_ngay date, so_giay text,"
        " cap_nhat_luc timestamptz"
    ),
    "khai_sinh": (
        "id bigint primary key, so_dang_ky text, so_dinh_danh text, ho_va_ten text, ngay_sinh text, gioi_tinh text,"
        " noi_sinh text, so_dinh_danh_me text, ho_va_ten_me text, ngay_sinh_me text, so_dinh_danh_cha text,"
        " ho_va_ten_cha text, ngay_sinh_cha text, ma_xa text, ngay_dang_ky date, cap_nhat_luc timestamptz"
    ),
    "khai_tu": (
        "id bigint primary key, so_dang_ky text, so_dinh_danh text, ho_va_ten text, ngay_sinh text, ngay_mat date,"
        " ma_xa text, ngay_dang_ky date, cap_nhat_luc timestamptz"
    ),
}
HTTP_SYSTEMS = {
    "land": ("hub.demo.systems.http_systems", "land"),
    "business": ("hub.demo.systems.http_systems", "business"),
    "insurance": ("hub.demo.systems.soap_system",),
}
"""System → the module that serves it, with the arguments before its folder."""


@dataclass
class RunningSystems:
    """The systems while they run. `environment` is what the connectors need; it holds secrets and is not shown."""

    environment: dict[str, str] = field(repr=False)
    processes: "list[subprocess.Popen[bytes]]" = field(default_factory=list, repr=False)

    def stop_system(self, system: str) -> None:
        """Stop one of the servers, named as in HTTP_SYSTEMS: whoever asks it is refused the connection."""
        process = self.processes[list(HTTP_SYSTEMS).index(system)]
        process.terminate()
        process.wait(10)

    def stop(self) -> None:
        """Stop the servers."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(10)
        self.processes.clear()

    def __enter__(self) -> "RunningSystems":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_systems(folder: Path, admin_url: str) -> RunningSystems:
    """Fill and start the systems of a generated province. `admin_url` is a PostgreSQL on which databases may be made."""
    systems = RunningSystems(
        {"POPULATION_DATABASE_URL": fill_population(folder, admin_url), "FINANCE_FOLDER": str(folder / "finance")}
    )
    secret = {
        "LAND_CLIENT_ID": "hub",
        "LAND_CLIENT_SECRET": secrets.token_urlsafe(24),
        "BUSINESS_API_KEY": secrets.token_urlsafe(24),
        "INSURANCE_USER": "hub",
        "INSURANCE_PASSWORD": secrets.token_urlsafe(24),
    }
    systems.environment |= secret
    try:
        addresses = {}
        for system, module in HTTP_SYSTEMS.items():
            process, addresses[system] = _start_system(module, folder, secret)
            systems.processes.append(process)
        for (system, address), process in zip(addresses.items(), systems.processes, strict=True):
            _await(process, system, address)
        systems.environment |= {
            "LAND_API_URL": addresses["land"],
            "BUSINESS_API_URL": addresses["business"],
            "INSURANCE_WSDL": f"{addresses['insurance']}/bhxh?wsdl",
        }
    except BaseException:
        systems.stop()
        raise
    return systems


def fill_population(folder: Path, admin_url: str) -> str:
    """Make the population database anew and fill it. Returns the URL of a role that may only read it."""
    password = secrets.token_urlsafe(24)
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(POPULATION_DATABASE)))
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(POPULATION_DATABASE)))
        if admin.execute("select from pg_roles where rolname = %s", (POPULATION_ROLE,)).fetchone() is None:
            admin.execute(sql.SQL("create role {} login").format(sql.Identifier(POPULATION_ROLE)))
        admin.execute(
            sql.SQL("alter role {} password {}").format(sql.Identifier(POPULATION_ROLE), sql.Literal(password))
        )
        where = f"{admin.info.host}:{admin.info.port}"
        owner = psycopg.conninfo.make_conninfo(admin_url, dbname=POPULATION_DATABASE)
    with psycopg.connect(owner) as connection:
        connection.execute("create schema dan_cu")
        for table, columns in POPULATION_TABLES.items():
            connection.execute(f"create table dan_cu.{table} ({columns})")
            with (
                connection.cursor() as cursor,
                cursor.copy(f"copy dan_cu.{table} from stdin (format csv, header)") as copy,
                (folder / "population" / f"{table}.csv").open("rb") as rows,
            ):
                while chunk := rows.read(1 << 20):
                    copy.write(chunk)
        connection.execute(sql.SQL("grant usage on schema dan_cu to {}").format(sql.Identifier(POPULATION_ROLE)))
        connection.execute(
            sql.SQL("grant select on all tables in schema dan_cu to {}").format(sql.Identifier(POPULATION_ROLE))
        )
    return f"postgresql://{POPULATION_ROLE}:{password}@{where}/{POPULATION_DATABASE}"


def _start_system(
    module: tuple[str, ...], folder: Path, secret: dict[str, str]
) -> "tuple[subprocess.Popen[bytes], str]":
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.fileno()
        command = [sys.executable, "-m", *module, str(folder), str(number)]
        # In a session of its own: Ctrl-C in the terminal is for the demonstration, which then stops its systems itself.
        process = subprocess.Popen(
            command,
            pass_fds=(number,),
            env={**os.environ, **secret},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        return process, f"http://127.0.0.1:{listener.getsockname()[1]}"


def _await(process: "subprocess.Popen[bytes]", system: str, address: str) -> None:
    """Wait until the server answers anything at all."""
    host, port = address.removeprefix("http://").split(":")
    deadline = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with socket.create_connection((host, int(port)), timeout=1) as probe:
                probe.settimeout(START_TIMEOUT_S)
                probe.sendall(b"GET / HTTP/1.0\r\n\r\n")
                if probe.recv(1):
                    return
        except OSError:
            time.sleep(0.05)
    raise SourceUnavailable(
        f"the demo's {system} system did not start", next_step="read its message above, then run `hub demo` again"
    )
