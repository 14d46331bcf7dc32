"""The labels of code lists, as a query: clients show words and send codes."""

from typing import Annotated, Any

import strawberry

from hub.graph.schema_types.fields import Namespace, ValueField, Whole, enum_type, make_field, object_type
from hub.model.labels import describe_with_label
from hub.model.registry import Registry
from schema.values import CodeList

LABEL = {
    "list": ("CodeListName", "The list that the code is of."),
    "code": ("str", "The code, as values and filters have it."),
    "vi": ("str", "The words in Vietnamese."),
    "en": ("str", "The words in English."),
}


def labels_field(registry: Registry) -> Any:
    """The root field `labels`."""
    lists = find_lists(registry)
    names = enum_type(
        "CodeListName",
        "The code lists.",
        {name: describe_with_label(kind.label, " ".join((kind.__doc__ or "").split())) for name, kind in lists.items()},
    )
    namespace: Namespace = {"CodeListName": names}
    parts = {
        name: make_field(ValueField, kind, namespace, graphql=name, description=text)
        for name, (kind, text) in LABEL.items()
    }
    label = object_type("CodeLabel", "A code and its words.", parts)

    def labels(
        lists_: Annotated[
            Any, strawberry.argument(name="lists", description="Code lists to return; by default all.")
        ] = None,
    ) -> Any:
        wanted = [member.name for member in lists_] if lists_ is not None else list(lists)
        return [
            Whole(list=names[name], code=code, vi=words.vi, en=words.en)
            for name in dict.fromkeys(wanted)
            for code, words in lists[name].codes.items()
        ]

    labels.__annotations__["return"] = list[label]  # type: ignore[valid-type]  # made from data
    labels.__annotations__["lists_"] = Annotated[
        list[names] | None,  # type: ignore[valid-type]  # made from data
        strawberry.argument(name="lists", description="Code lists to return; by default all."),
    ]
    return strawberry.field(
        resolver=labels, description="The codes of code lists with their words, in the order of the lists."
    )


def find_lists(registry: Registry) -> dict[str, type[CodeList]]:
    """Every code list in use, by its name."""
    values = (column.value for entity in registry for column in entity.columns)
    found = {value.__name__: value for value in values if issubclass(value, CodeList)}
    return dict(sorted(found.items()))
