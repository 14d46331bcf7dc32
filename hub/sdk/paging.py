"""How the pages of a list follow each other, one class for each way that sources page."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from hub.sdk.parts import Part
from hub.sdk.paths import steps_of


def _path(text: str) -> str:
    """A path that is well formed. Raises ValueError."""
    steps_of(text)
    return text


DocumentPath = Annotated[str, AfterValidator(_path)]
"""Where a value is in an answer: `data.items`, `"@odata.nextLink"`, `link[relation=next].url`."""

PageEnd = Literal["not_found", "repeat"]
"""How an API answers beyond its last page, if not by an empty page or 204."""


class PagePaging(Part):
    """Numbered pages."""

    kind: Literal["page"] = Field(description="How pages follow each other.")
    parameter: str = Field("page", description="Parameter of the number.")
    first: int = Field(1, description="Number of the first page.")
    size_parameter: str | None = Field("page_size", description="Parameter of the size; none is sent where it is none.")
    size: int = Field(1000, ge=1, description="Rows of a page that are asked for.")
    total_pages: DocumentPath | None = Field(
        None, description="Path of the number of pages; without it, the first empty page ends."
    )
    end: tuple[PageEnd, ...] = Field(
        (),
        description='How the API answers beyond its last page, if not by an empty page or 204: "not_found" (404), "repeat"'
        " (the last page again). Not with total_pages.",
    )

    @model_validator(mode="after")
    def _one_end(self) -> "PagePaging":
        if self.end and self.total_pages:
            raise ValueError("give total_pages or end: the number of pages says where they end")
        return self


class OffsetPaging(Part):
    """Offset and limit."""

    kind: Literal["offset"] = Field(description="How pages follow each other.")
    parameter: str = Field("offset", description="Parameter of the rows to pass over.")
    size_parameter: str = Field("limit", description="Parameter of the size.")
    size: int = Field(1000, ge=1, description="Rows of a page that are asked for.")
    total: DocumentPath | None = Field(
        None, description="Path of the number of rows; without it, a page shorter than one before it ends."
    )


class CursorPaging(Part):
    """Each page names the next by a token."""

    kind: Literal["cursor"] = Field(description="How pages follow each other.")
    parameter: str = Field("cursor", description="Parameter that takes the token.")
    next: DocumentPath = Field(description="Path of the token in a page; none at the end.")
    size_parameter: str | None = Field(None, description="Parameter of the size; none is sent where it is not given.")
    size: int = Field(1000, ge=1, description="Rows of a page that are asked for.")


class LinkPaging(Part):
    """Each page names the next in a Link header (RFC 8288), rel="next"."""

    kind: Literal["link"] = Field(description="How pages follow each other.")
    size_parameter: str | None = Field(None, description="Parameter of the size; none is sent where it is not given.")
    size: int = Field(1000, ge=1, description="Rows of a page that are asked for.")


class NextPaging(Part):
    """Each page has the address of the next in its body: OData, HAL, JSON:API, FHIR, Django REST."""

    kind: Literal["next"] = Field(description="How pages follow each other.")
    path: DocumentPath = Field(
        description="Path of the address in a page; none at the end. Names with dots are quoted: '\"@odata.nextLink\"',"
        ' "_links.next.href", "links.next", "link[relation=next].url", "next".'
    )
    size_parameter: str | None = Field(None, description="Parameter of the size; none is sent where it is not given.")
    size: int = Field(1000, ge=1, description="Rows of a page that are asked for.")


Paging = Annotated[PagePaging | OffsetPaging | CursorPaging | LinkPaging | NextPaging, Field(discriminator="kind")]
