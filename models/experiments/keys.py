"""Plain data and the structs it should make in; an unknown key is refused, with its path and the nearest right one.

msgspec refuses unknown keys too, but neither says what would be right.
"""

import difflib
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import inspect

from models.errors import ExperimentError


def refuse_unknown(found: dict[str, Any], of: type[msgspec.Struct], *, origin: str) -> None:
    """Raise ExperimentError at the first key of ``found`` that ``of`` does not have, at any depth."""
    info = inspect.type_info(of)
    _check(found, (info,), origin, "")


def nearest(word: str, known: Iterable[str]) -> str:
    """`` (did you mean ...?)``, or what there is."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"there is {', '.join(names) or 'nothing'}"


def _check(value: Any, types: tuple[inspect.Type, ...], origin: str, path: str) -> None:  # noqa: ANN401
    if isinstance(value, list):
        inner = tuple(each.item_type for each in types if isinstance(each, inspect.VarTupleType | inspect.ListType))
        for i, one in enumerate(value):
            _check(one, _flat(inner), origin, f"{path}[{i + 1}]" if len(value) > 1 else path)
        return
    structs = [each for each in types if isinstance(each, inspect.StructType)]
    if not isinstance(value, dict) or not structs:
        return
    chosen = _chosen(value, structs, origin, path)
    fields = {field.encode_name: field.type for field in chosen.fields}
    for key, one in value.items():
        where = f"{path}.{key}" if path else key
        if key not in fields and key != chosen.tag_field:
            raise ExperimentError(f"{origin}: {where}: there is no such key; {nearest(key, fields)}")
        if key in fields:
            _check(one, _flat((fields[key],)), origin, where)


def _chosen(value: dict[str, Any], structs: list[inspect.StructType], origin: str, path: str) -> inspect.StructType:
    """Return the struct that the tag names; raises ExperimentError where it names none."""
    tagged = {each.tag: each for each in structs if each.tag_field is not None}
    if not tagged:
        return structs[0]
    field = structs[0].tag_field
    said = value.get(str(field))
    known = [str(tag) for tag in tagged]
    if said is None:
        raise ExperimentError(f"{origin}: {path}.{field} is missing: one of {', '.join(known)}")
    if said not in tagged:
        raise ExperimentError(f"{origin}: {path}.{field}: {said!r} is unknown; {nearest(str(said), known)}")
    return tagged[said]


def _flat(types: tuple[inspect.Type, ...]) -> tuple[inspect.Type, ...]:
    """Unions and annotations opened."""
    found: list[inspect.Type] = []
    for each in types:
        if isinstance(each, inspect.UnionType):
            found.extend(_flat(each.types))
        elif isinstance(each, inspect.Metadata):
            found.extend(_flat((each.type,)))
        else:
            found.append(each)
    return tuple(found)
