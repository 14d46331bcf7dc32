"""Types of settings, manifests and procedures in words, for the reference pages that are made from pydantic models."""

import types
from collections.abc import Callable, Mapping
from typing import Any, Literal, Union, get_args, get_origin

BASIC_TYPE_WORDS: Mapping[Any, str] = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def describe_type(annotation: Any, words: Mapping[Any, str], describe_other: Callable[[Any], str]) -> str:
    """A type in words: `text or whole number`, `list of text`, `` `"full"` or `"changes"` ``.

    `words` has those of plain types; `describe_other` is asked about a type that is neither listed nor composed of others.
    """
    if annotation in words:
        return words[annotation]
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f'`"{value}"`' for value in inside)
    if origin in (Union, types.UnionType):
        described = (describe_type(part, words, describe_other) for part in inside if part is not type(None))
        return " or ".join(dict.fromkeys(described))
    if origin is tuple:
        return f"list of {describe_type(inside[0], words, describe_other)}"
    if hasattr(annotation, "__metadata__"):
        return describe_type(inside[0], words, describe_other)
    return describe_other(annotation)
