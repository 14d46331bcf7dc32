"""The idiomatic peer: Strawberry types, SQLAlchemy's async ORM, a DataLoader for each relation, over the hub's own tables.

What a good team would write by hand for this query: one class and one loader for each relation, loads batched per level.
`python -m tests.bench.peers.strawberry_sqlalchemy URL SOCKET`.
"""

import socket
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import strawberry
import uvicorn
from sqlalchemy import BigInteger, Numeric, Text, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.types import Info


class Base(DeclarativeBase):
    __table_args__ = {"schema": "data"}
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)


class Citizens(Base):
    __tablename__ = "citizen"
    personal_id: Mapped[str] = mapped_column(Text)
    full_name: Mapped[str] = mapped_column(Text)
    birth_date: Mapped[str | None] = mapped_column(Text)


class Rights(Base):
    __tablename__ = "land_use_right"
    certificate_serial: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)


class Parcels(Base):
    __tablename__ = "parcel"
    parcel_number: Mapped[str] = mapped_column(Text)
    area: Mapped[Decimal | None] = mapped_column(Numeric)


class Obligations(Base):
    __tablename__ = "tax_obligation"
    kind: Mapped[str] = mapped_column(Text)
    year: Mapped[int]
    amount: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(Text)


class Roles(Base):
    __tablename__ = "business_role"
    role: Mapped[str] = mapped_column(Text)
    business_registration_number: Mapped[str] = mapped_column(Text)


class Businesses(Base):
    __tablename__ = "business"
    registration_number: Mapped[str] = mapped_column(Text)
    legal_name: Mapped[str] = mapped_column(Text)
    enterprise_code: Mapped[str | None] = mapped_column(Text)


class LinkBase(DeclarativeBase):
    __table_args__ = {"schema": "link"}
    record_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    subject_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    status: Mapped[str] = mapped_column(Text)


class RightHolder(LinkBase):
    __tablename__ = "land_use_right_holder"


class RightParcel(LinkBase):
    __tablename__ = "land_use_right_parcel"


class Debtor(LinkBase):
    __tablename__ = "tax_obligation_debtor"


class RolePerson(LinkBase):
    __tablename__ = "business_role_person"


@strawberry.type
class Parcel:
    parcel_number: str
    area: float | None


@strawberry.type
class Business:
    legal_name: str
    enterprise_code: str | None


@strawberry.type
class LandUseRight:
    id: strawberry.Private[int]
    certificate_serial: str | None
    status: str

    @strawberry.field
    async def parcel(self, info: Info[Any, Any]) -> Parcel | None:
        row = await info.context["loaders"].parcel.load(self.id)
        return (
            Parcel(parcel_number=row.parcel_number, area=None if row.area is None else float(row.area)) if row else None
        )


@strawberry.type
class TaxObligation:
    kind: str
    year: int
    amount: float
    status: str


@strawberry.type
class BusinessRole:
    number: strawberry.Private[str]
    role: str

    @strawberry.field
    async def business(self, info: Info[Any, Any]) -> Business | None:
        row = await info.context["loaders"].business.load(self.number)
        return Business(legal_name=row.legal_name, enterprise_code=row.enterprise_code) if row else None


@strawberry.type
class RightPage:
    nodes: list[LandUseRight]


@strawberry.type
class ObligationPage:
    nodes: list[TaxObligation]


@strawberry.type
class RolePage:
    nodes: list[BusinessRole]


@strawberry.type
class Citizen:
    id: strawberry.Private[int]
    personal_id: str
    full_name: str
    birth_date: str | None

    @strawberry.field
    async def land_use_rights(self, info: Info[Any, Any], first: int = 20) -> RightPage:
        rows = await info.context["loaders"].rights.load(self.id)
        return RightPage(
            nodes=[
                LandUseRight(id=r.id, certificate_serial=r.certificate_serial, status=r.status) for r in rows[:first]
            ]
        )

    @strawberry.field
    async def tax_obligations(self, info: Info[Any, Any], first: int = 20) -> ObligationPage:
        rows = await info.context["loaders"].obligations.load(self.id)
        return ObligationPage(
            nodes=[TaxObligation(kind=r.kind, year=r.year, amount=r.amount, status=r.status) for r in rows[:first]]
        )

    @strawberry.field
    async def business_roles(self, info: Info[Any, Any], first: int = 20) -> RolePage:
        rows = await info.context["loaders"].roles.load(self.id)
        return RolePage(nodes=[BusinessRole(number=r.business_registration_number, role=r.role) for r in rows[:first]])


class Loaders:
    """The loaders of one request; each batch is one query in a session of its own, as loaders run side by side."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self.sessions = sessions
        self.rights = DataLoader(load_fn=self._many(Rights, RightHolder))
        self.obligations = DataLoader(load_fn=self._many(Obligations, Debtor))
        self.roles = DataLoader(load_fn=self._many(Roles, RolePerson))
        self.parcel = DataLoader(load_fn=self._parcels)
        self.business = DataLoader(load_fn=self._businesses)

    def _many(self, table: Any, link: Any) -> Callable[[list[int]], Any]:
        async def load(keys: list[int]) -> Sequence[list[Any]]:
            query = select(link.subject_id, table).join(table, table.id == link.record_id)
            query = query.where(link.subject_id.in_(keys), link.status != "UNCONFIRMED").order_by(table.id)
            found: dict[int, list[Any]] = defaultdict(list)
            async with self.sessions() as session:
                for key, row in await session.execute(query):
                    found[key].append(row)
            return [found[key] for key in keys]

        return load

    async def _parcels(self, keys: list[int]) -> Sequence[Any]:
        query = select(RightParcel.record_id, Parcels).join(Parcels, Parcels.id == RightParcel.subject_id)
        query = query.where(RightParcel.record_id.in_(keys), RightParcel.status != "UNCONFIRMED")
        async with self.sessions() as session:
            found = {row[0]: row[1] for row in await session.execute(query)}
        return [found.get(key) for key in keys]

    async def _businesses(self, keys: list[str]) -> Sequence[Any]:
        query = select(Businesses).where(Businesses.registration_number.in_(keys))
        async with self.sessions() as session:
            found = {row.registration_number: row for row in await session.scalars(query)}
        return [found.get(key) for key in keys]


@strawberry.type
class CitizenPage:
    nodes: list[Citizen]


@strawberry.type
class Query:
    @strawberry.field
    async def citizen(self, info: Info[Any, Any], personal_id: str) -> Citizen | None:
        async with info.context["loaders"].sessions() as session:
            row = await session.scalar(select(Citizens).where(Citizens.personal_id == personal_id))
        return _citizen(row) if row else None

    @strawberry.field
    async def citizens(self, info: Info[Any, Any], first: int = 20, after: str | None = None) -> CitizenPage:
        query = select(Citizens).order_by(Citizens.id).limit(first)
        if after is not None:
            query = query.where(Citizens.id > int(after))
        async with info.context["loaders"].sessions() as session:
            return CitizenPage(nodes=[_citizen(row) for row in await session.scalars(query)])


def _citizen(row: Citizens) -> Citizen:
    return Citizen(id=row.id, personal_id=row.personal_id, full_name=row.full_name, birth_date=row.birth_date)


class App(GraphQL[Any, Any]):
    sessions: async_sessionmaker[AsyncSession]

    async def get_context(self, request: Any, response: Any) -> dict[str, Any]:
        return {"loaders": Loaders(self.sessions)}


def main() -> None:
    """Serve on the socket that the parent handed over."""
    url, number = sys.argv[1:]
    engine = create_async_engine(url.replace("postgresql://", "postgresql+psycopg://"), pool_size=8)
    graphql = App(strawberry.Schema(Query))
    graphql.sessions = async_sessionmaker(engine, expire_on_commit=False)
    app = Starlette(routes=[Route("/graphql", graphql)])
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(
        sockets=[socket.socket(fileno=int(number))]
    )


if __name__ == "__main__":
    main()
