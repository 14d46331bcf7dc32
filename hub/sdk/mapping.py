"""The mapping of a manifest: how a row of a source becomes records of the schema."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from hub.sdk.parts import Part

PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


class Split(Part):
    """A part of a text: split `by` a separator, take the part at `take` (-1 is the last); or the group of a `pattern`."""

    by: str | None = Field(None, description="What parts the text.")
    take: int = Field(0, description="Which part, from 0; -1 is the last.")
    pattern: str | None = Field(
        None, description="A regular expression with one group; a text that it does not fit is rejected."
    )

    @model_validator(mode="after")
    def _one_way(self) -> "Split":
        if (self.by is None) == (self.pattern is None):
            raise ValueError("give by or pattern")
        if self.pattern is not None and re.compile(self.pattern).groups != 1:
            raise ValueError("the pattern needs one group")
        return self


class Join(Part):
    """Columns joined by a separator; those without a value are left out."""

    columns: tuple[str, ...] = Field(min_length=1, description="Columns, in order.")
    by: str = Field(", ", description="What stands between them.")


class FieldMapping(Part):
    """How one field is made: one of `column`, `template`, `join`, `constant` gives the text, the rest turn it into what
    the schema wants, in this order: `split`, `null`, `pad`, `number`, `scale`, `codes`, `formats`.
    """

    column: str | None = Field(
        None,
        description='A source column, or the path of a nested value: "thua.so_to", "giay_to[0].so", "giay_to[loai=CCCD].so".',
    )
    template: str | None = Field(None, description='Columns within text, "{ma_xa}@{ngay}"; null where one is null.')
    join: Join | None = Field(None, description="Several columns as one text.")
    constant: str | None = Field(None, description="The same text for every row.")
    split: Split | None = Field(None, description="A part of the text.")
    null: tuple[str, ...] = Field((), description="Texts that mean nothing.")
    pad: int | None = Field(
        None,
        ge=2,
        le=64,
        description="Digits of an identifier whose leading zeros a spreadsheet dropped: 12 makes 022080123456 of 22080123456.",
    )
    number: Literal["vi", "en"] | None = Field(
        None,
        description='How numbers are written as text: "vi" reads 1.250.000,5, "en" 1,250,000.5. A number that has a type at '
        "the source (DECIMAL, a number of JSON, a number cell of Excel) is read as what it is. Without it 1250000.5 is read, "
        "and 1.250 is rejected, since it is 1250 to one reader and 1.25 to another.",
    )
    scale: float | None = Field(
        None, gt=0, description="Factor from the source's unit to the schema's: 10000 for ha to m²."
    )
    codes: dict[str, str] | Literal["vi", "en"] = Field(
        {}, description="What the source writes → code; or the language whose labels of the code list it writes."
    )
    formats: tuple[str, ...] = Field(
        (),
        description="Dates as text, by strptime, tried in order; %Y alone gives the year; epoch_s and epoch_ms are seconds and "
        "milliseconds since 1970. ISO 8601 is always read: a day, or a time, which is its day in the source's timezone.",
    )

    @model_validator(mode="after")
    def _one_origin(self) -> "FieldMapping":
        if sum(origin is not None for origin in (self.column, self.template, self.join, self.constant)) != 1:
            raise ValueError("give one of column, template, join, constant")
        return self

    @field_validator("formats")
    @classmethod
    def _with_century(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in formats:
            if pattern.startswith("epoch") and pattern not in ("epoch_s", "epoch_ms"):
                raise ValueError(f"{pattern}: epoch_s (seconds) or epoch_ms (milliseconds)")
            if "%y" in pattern or "%D" in pattern:
                raise ValueError(f"{pattern}: two digits of a year do not say which century; add it in transform.py")
        return formats

    @property
    def turns(self) -> bool:
        """Whether the text of its origin becomes another one."""
        return any((self.split, self.null, self.pad, self.number, self.scale, self.codes, self.formats))

    def columns(self) -> Iterator[str]:
        """The source columns it reads."""
        if self.column is not None:
            yield self.column
        elif self.template is not None:
            yield from PLACEHOLDER.findall(self.template)
        elif self.join is not None:
            yield from self.join.columns


class Condition(Part):
    """Which rows: give one of `values`, `not_values`, `null`. Empty text counts as null."""

    column: str = Field(description="A source column.")
    values: tuple[str, ...] = Field((), description="The rows whose column has one of these texts.")
    not_values: tuple[str, ...] = Field((), description="The rows whose column has none of these texts, or is null.")
    null: bool | None = Field(
        None, description="true: the rows whose column is null; false: those where it has a value."
    )

    @model_validator(mode="after")
    def _one_test(self) -> "Condition":
        if sum((bool(self.values), bool(self.not_values), self.null is not None)) != 1:
            raise ValueError('give one of values, not_values, null: { column = "deleted_at", null = false }')
        return self

    @property
    def example(self) -> str | None:
        """A text that meets it; None where null does."""
        if self.values:
            return self.values[0]
        return "x" if self.null is False else None


def _with_short_forms(schema: dict[str, Any]) -> None:
    """What `Emit` reads beside what it holds: bare texts for columns, and parties."""
    fields = schema["properties"]["fields"]
    fields["additionalProperties"] = {"anyOf": [{"type": "string"}, fields["additionalProperties"]]}
    party = {"type": "object", "properties": {"within": {"type": "string"}}}
    party["additionalProperties"] = fields["additionalProperties"]
    schema["properties"]["parties"] = {
        "type": "object",
        "additionalProperties": party,
        "description": "Party → its parts, each made as a field; `within` is the object that holds their columns.",
    }
    schema["required"] = []


class Emit(Part):
    """One kind of record that a stream gives."""

    model_config = ConfigDict(json_schema_extra=_with_short_forms)

    explode: str | None = Field(None, description="The list that is unfolded, one record for each item.")
    item_key: tuple[str, ...] = Field(
        (),
        description='With explode: columns within the item that identify it in its list, ["ds.so"]. Without it, items are'
        " identified by their mapped values: an item whose values change is then another record.",
    )
    when: Condition | None = Field(
        None,
        description="Which rows become this kind of record; all where it is not given. A row that no longer meets it is"
        " deleted from the store, as max_deleted allows.",
    )
    fields: dict[str, FieldMapping] = Field(
        description="Field of the record → how it is made; a bare text is a column."
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        """A bare string is a column; `parties.<name>` is its fields, under the name, of columns within `within`."""
        if not isinstance(value, Mapping) or not isinstance(value.get("fields", {}), Mapping):
            return value
        fields = {name: _long(given) for name, given in value.get("fields", {}).items()}
        for party, given in value.get("parties", {}).items():
            fields |= _party(party, given)
        return {**{k: v for k, v in value.items() if k != "parties"}, "fields": fields}

    @model_validator(mode="after")
    def _items(self) -> "Emit":
        if self.item_key and self.explode is None:
            raise ValueError("item_key identifies the items of a list: give explode, too")
        outside = [c for c in self.item_key if not self.in_item(c)]
        if outside:
            raise ValueError(
                f'item_key: {", ".join(outside)} is not within the list: write "{self.explode}.{outside[0]}"'
            )
        return self

    def in_item(self, column: str) -> bool:
        """Whether a column is the exploded list's item, or within it."""
        return self.explode is not None and (column == self.explode or column.startswith(f"{self.explode}."))

    def item_columns(self) -> list[str]:
        """The columns that identify an item in its list: the declared key, or every mapped column of the item."""
        mapped = {column for field in self.fields.values() for column in field.columns() if self.in_item(column)}
        return list(self.item_key) or sorted(mapped)


def _long(given: Any) -> Any:
    return {"column": given} if isinstance(given, str) else given


def _party(name: str, given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise ValueError(f"parties.{name}: a table of fields")
    within = f"{given['within']}." if given.get("within") else ""
    found = {}
    for part, mapping in given.items():
        if part == "within":
            continue
        long = _long(mapping)
        if isinstance(long, Mapping):
            long = dict(long)
            if isinstance(long.get("column"), str):
                long["column"] = within + long["column"]
            if isinstance(long.get("template"), str):
                long["template"] = PLACEHOLDER.sub(lambda m: "{" + within + m.group(1) + "}", long["template"])
            if isinstance(long.get("join"), Mapping):
                long["join"] = {**long["join"], "columns": [within + c for c in long["join"].get("columns", ())]}
        found[f"{name}_{part}"] = long
    return found


class Patch(Part):
    """A known dirty value of a source and what it stands for, applied before the mapping."""

    column: str = Field(description="A source column.")
    value: str = Field(description="What the source writes.")
    to: str | None = Field(None, description="What it stands for; nothing where it is not given.")
    where: Condition | None = Field(None, description="In which rows; in all where it is not given.")
    note: str = Field("", description="Why this is known to be so.")
