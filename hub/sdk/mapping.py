"""The mapping of a manifest: how a row of a source becomes records of the schema."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from hub.sdk.parts import ManifestPart

PLACEHOLDER_FORM = re.compile(r"\{([^{}]+)\}")


class Split(ManifestPart):
    """Part of a text: split `by` a separator and take the part at `take` (-1 is the last), or take the group of a
    `pattern`.
    """

    by: str | None = Field(None, description="Separator between the parts.")
    take: int = Field(0, description="Which part to take, counted from 0; -1 is the last.")
    pattern: str | None = Field(
        None, description="A regular expression with one group; a text that does not match is rejected."
    )

    @model_validator(mode="after")
    def _require_one_way(self) -> "Split":
        if (self.by is None) == (self.pattern is None):
            raise ValueError("give either by or pattern")
        if self.pattern is not None and re.compile(self.pattern).groups != 1:
            raise ValueError("the pattern needs exactly one group, e.g. '^So (.+)$'")
        return self


class Join(ManifestPart):
    """Columns joined by a separator; columns without a value are left out."""

    columns: tuple[str, ...] = Field(min_length=1, description="Columns to join, in order.")
    by: str = Field(", ", description="Separator between the values.")


class FieldMapping(ManifestPart):
    """How one field is made: one of `column`, `template`, `join`, `constant` gives the text, and the rest convert it to
    the form of the schema, in this order: `split`, `null`, `pad`, `number`, `scale`, `codes`, `formats`.
    """

    column: str | None = Field(
        None,
        description='A source column, or the path of a nested value: "thua.so_to", "giay_to[0].so", "giay_to[loai=CCCD].so".',
    )
    template: str | None = Field(
        None, description='Text with columns inserted, e.g. "{ma_xa}@{ngay}"; null if any of them is null.'
    )
    join: Join | None = Field(None, description="Several columns joined into one text.")
    constant: str | None = Field(None, description="The same text for every row.")
    split: Split | None = Field(None, description="Take a part of the text.")
    null: tuple[str, ...] = Field((), description="Texts that mean null.")
    pad: int | None = Field(
        None,
        ge=2,
        le=64,
        description="Number of digits of an identifier whose leading zeros a spreadsheet dropped: 12 turns 22080123456 into 022080123456.",
    )
    number: Literal["vi", "en"] | None = Field(
        None,
        description='How numbers are written as text: "vi" for 1.250.000,5, "en" for 1,250,000.5. A number that is typed at '
        "the source (DECIMAL, a JSON number, a number cell in Excel) is read as it is. Without `number`, 1250000.5 is read "
        "and 1.250 is rejected, because it could mean 1250 or 1.25.",
    )
    scale: float | None = Field(
        None, gt=0, description="Factor from the source's unit to the schema's: 10000 for ha to m²."
    )
    codes: dict[str, str] | Literal["vi", "en"] = Field(
        {}, description="Source text → code; or the language of the code list's labels that the source writes."
    )
    formats: tuple[str, ...] = Field(
        (),
        description="Date formats for strptime, tried in order. %Y alone gives the year; epoch_s and epoch_ms are seconds and "
        "milliseconds since 1970. ISO 8601 is always accepted: a day, or a time, which becomes its day in the source's time zone.",
    )

    @model_validator(mode="after")
    def _require_one_origin(self) -> "FieldMapping":
        if sum(origin is not None for origin in (self.column, self.template, self.join, self.constant)) != 1:
            raise ValueError("give exactly one of column, template, join, constant")
        return self

    @field_validator("formats")
    @classmethod
    def _require_century(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in formats:
            if pattern.startswith("epoch") and pattern not in ("epoch_s", "epoch_ms"):
                raise ValueError(f"{pattern}: use epoch_s (seconds) or epoch_ms (milliseconds)")
            if "%y" in pattern or "%D" in pattern:
                raise ValueError(
                    f"{pattern}: a two-digit year does not say which century: add the century in transform.py"
                )
        return formats

    @property
    def converts(self) -> bool:
        """Whether the text of its origin is converted."""
        return any((self.split, self.null, self.pad, self.number, self.scale, self.codes, self.formats))

    def list_columns(self) -> Iterator[str]:
        """Yield the source columns that it reads."""
        if self.column is not None:
            yield self.column
        elif self.template is not None:
            yield from PLACEHOLDER_FORM.findall(self.template)
        elif self.join is not None:
            yield from self.join.columns


class Condition(ManifestPart):
    """A condition on rows: give one of `values`, `not_values`, `null`. Empty text counts as null."""

    column: str = Field(description="A source column.")
    values: tuple[str, ...] = Field((), description="Matches rows whose column has one of these texts.")
    not_values: tuple[str, ...] = Field(
        (), description="Matches rows whose column has none of these texts, or is null."
    )
    null: bool | None = Field(
        None, description="true matches rows whose column is null, false those whose column has a value."
    )

    @model_validator(mode="after")
    def _require_one_test(self) -> "Condition":
        if sum((bool(self.values), bool(self.not_values), self.null is not None)) != 1:
            raise ValueError('give one of values, not_values, null: { column = "deleted_at", null = false }')
        return self

    @property
    def example(self) -> str | None:
        """A text that meets the condition; None if null does."""
        if self.values:
            return self.values[0]
        return "x" if self.null is False else None


def _add_short_forms(schema: dict[str, Any]) -> None:
    """Extend the JSON schema by what `Emit` accepts besides its fields: bare texts for columns, and parties."""
    fields = schema["properties"]["fields"]
    fields["additionalProperties"] = {"anyOf": [{"type": "string"}, fields["additionalProperties"]]}
    party = {"type": "object", "properties": {"within": {"type": "string"}}}
    party["additionalProperties"] = fields["additionalProperties"]
    schema["properties"]["parties"] = {
        "type": "object",
        "additionalProperties": party,
        "description": "Party → its parts, each mapped like a field. `within` is the object that contains their columns.",
    }
    schema["required"] = []


class Emit(ManifestPart):
    """One kind of record that a stream emits."""

    model_config = ConfigDict(json_schema_extra=_add_short_forms)

    explode: str | None = Field(None, description="The list to unfold into one record per item.")
    item_key: tuple[str, ...] = Field(
        (),
        description='With explode: columns within the item that identify it in its list, ["ds.so"]. Without it, items are'
        " identified by their mapped values: if those change, the item becomes another record.",
    )
    when: Condition | None = Field(
        None,
        description="Condition for rows that become this kind of record; by default all do. A row that no longer meets it is"
        " deleted from the store, as far as max_deleted allows.",
    )
    fields: dict[str, FieldMapping] = Field(
        description="Field of the record → how it is made. A bare text is a source column."
    )

    @model_validator(mode="before")
    @classmethod
    def _expand_short_forms(cls, value: Any) -> Any:
        """Expand the short forms: a bare string is a column; `parties.<name>` holds fields with the prefix `<name>`,
        whose columns are in `within`.
        """
        if not isinstance(value, Mapping) or not isinstance(value.get("fields", {}), Mapping):
            return value
        fields = {name: _expand_column(given) for name, given in value.get("fields", {}).items()}
        for party, given in value.get("parties", {}).items():
            fields |= _expand_party(party, given)
        return {**{k: v for k, v in value.items() if k != "parties"}, "fields": fields}

    @model_validator(mode="after")
    def _check_item_key(self) -> "Emit":
        if self.item_key and self.explode is None:
            raise ValueError("item_key identifies the items of a list: also declare explode")
        outside = [c for c in self.item_key if not self.is_in_item(c)]
        if outside:
            raise ValueError(
                f'item_key: {", ".join(outside)} is not within the list: write "{self.explode}.{outside[0]}"'
            )
        return self

    def is_in_item(self, column: str) -> bool:
        """Whether a column is the exploded list's item, or within it."""
        return self.explode is not None and (column == self.explode or column.startswith(f"{self.explode}."))

    def list_item_columns(self) -> list[str]:
        """Return the columns that identify an item in its list: the declared key, or every mapped column of the item."""
        mapped = {
            column for field in self.fields.values() for column in field.list_columns() if self.is_in_item(column)
        }
        return list(self.item_key) or sorted(mapped)


def _expand_column(given: Any) -> Any:
    return {"column": given} if isinstance(given, str) else given


def _expand_party(name: str, given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise ValueError(f"parties.{name} must be a table of fields, e.g. {{ full_name = 'ho_ten' }}")
    within = f"{given['within']}." if given.get("within") else ""
    found = {}
    for part, mapping in given.items():
        if part == "within":
            continue
        long = _expand_column(mapping)
        if isinstance(long, Mapping):
            long = dict(long)
            if isinstance(long.get("column"), str):
                long["column"] = within + long["column"]
            if isinstance(long.get("template"), str):
                long["template"] = PLACEHOLDER_FORM.sub(lambda m: "{" + within + m.group(1) + "}", long["template"])
            if isinstance(long.get("join"), Mapping):
                long["join"] = {**long["join"], "columns": [within + c for c in long["join"].get("columns", ())]}
        found[f"{name}_{part}"] = long
    return found


class Patch(ManifestPart):
    """A known dirty value of a source and its replacement, applied before the mapping."""

    column: str = Field(description="A source column.")
    value: str = Field(description="The value that the source writes.")
    to: str | None = Field(None, description="Its replacement; null if not given.")
    where: Condition | None = Field(None, description="Condition for the rows to correct; by default all rows.")
    note: str = Field("", description="Why the replacement is known to be right.")
