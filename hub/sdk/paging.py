"""Paging of REST and SOAP lists: one class per paging style."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from hub.sdk.parts import ManifestPart
from hub.sdk.paths import parse_path


def _check_path(text: str) -> str:
    """Check that a path is well formed. Raises ValueError."""
    parse_path(text)
    return text


DocumentPath = Annotated[str, AfterValidator(_check_path)]
"""Path of a value in an answer: `data.items`, `"@odata.nextLink"`, `link[relation=next].url`."""

PageEnd = Literal["not_found", "repeat"]
"""How an API answers beyond its last page, other than by an empty page or 204."""


class PagePaging(ManifestPart):
    """Numbered pages."""

    kind: Literal["page"] = Field(description="Paging style.")
    parameter: str = Field("page", description="Parameter for the page number.")
    first: int = Field(1, description="Number of the first page.")
    size_parameter: str | None = Field("page_size", description="Parameter for the page size; not sent if null.")
    size: int = Field(1000, ge=1, description="Rows requested per page.")
    total_pages: DocumentPath | None = Field(
        None, description="Path of the number of pages; without it, the first empty page is the end."
    )
    end: tuple[PageEnd, ...] = Field(
        (),
        description='How the API answers beyond its last page, other than by an empty page or 204: "not_found" (404), "repeat"'
        " (the last page again). Not together with total_pages.",
    )

    @model_validator(mode="after")
    def _require_one_end(self) -> "PagePaging":
        if self.end and self.total_pages:
            raise ValueError("give either total_pages or end: the number of pages already says where they end")
        return self


class OffsetPaging(ManifestPart):
    """Offset and limit."""

    kind: Literal["offset"] = Field(description="Paging style.")
    parameter: str = Field("offset", description="Parameter for the number of rows to skip.")
    size_parameter: str = Field("limit", description="Parameter for the page size.")
    size: int = Field(1000, ge=1, description="Rows requested per page.")
    total: DocumentPath | None = Field(
        None, description="Path of the number of rows; without it, a page shorter than an earlier one is the end."
    )


class CursorPaging(ManifestPart):
    """Each page names the next by a token."""

    kind: Literal["cursor"] = Field(description="Paging style.")
    parameter: str = Field("cursor", description="Parameter for the token.")
    next: DocumentPath = Field(description="Path of the token in a page; absent at the end.")
    size_parameter: str | None = Field(None, description="Parameter for the page size; not sent if not given.")
    size: int = Field(1000, ge=1, description="Rows requested per page.")


class LinkPaging(ManifestPart):
    """Each page names the next in a Link header (RFC 8288) with rel="next"."""

    kind: Literal["link"] = Field(description="Paging style.")
    size_parameter: str | None = Field(None, description="Parameter for the page size; not sent if not given.")
    size: int = Field(1000, ge=1, description="Rows requested per page.")


class NextPaging(ManifestPart):
    """Each page has the address of the next in its body: OData, HAL, JSON:API, FHIR, Django REST."""

    kind: Literal["next"] = Field(description="Paging style.")
    path: DocumentPath = Field(
        description="Path of the address in a page; absent at the end. Names with dots are quoted: '\"@odata.nextLink\"',"
        ' "_links.next.href", "links.next", "link[relation=next].url", "next".'
    )
    size_parameter: str | None = Field(None, description="Parameter for the page size; not sent if not given.")
    size: int = Field(1000, ge=1, description="Rows requested per page.")


Paging = Annotated[PagePaging | OffsetPaging | CursorPaging | LinkPaging | NextPaging, Field(discriminator="kind")]
