"""Rules in; the TOML that says them, with or without what lets anybody in, out."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from alerts.delivery.rules import SiteRules

HIDDEN: Final = " hidden, --secrets shows it"


def plainly(rules: SiteRules) -> dict[str, Any]:
    """Return rules as dictionaries and lists, as TOML has them; their version is reckoned, so it is not among them."""
    said: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(rules))
    del said["version"]
    return said


def without_secrets(rules: SiteRules, *, hidden: str = HIDDEN) -> str:
    """Return rules as TOML without what lets anybody in: of each address there is only which service it names, and
    ``hidden``. Comments are left out, for they may hold anything."""
    said = plainly(rules)
    said["contact"] = [
        {"name": each["name"], "reach": {way: shown(url, hidden) for way, url in each["reach"].items()}}
        for each in said["contact"]
    ]
    said["dead_man"]["url"] = said["dead_man"]["url"] and shown(said["dead_man"]["url"], hidden)
    return toml(said)


def shown(url: str, hidden: str = HIDDEN) -> str:
    """Return which service an address names, and nothing else of it."""
    return f"{url.partition(':')[0]}:{hidden}"


def toml(said: Mapping[str, Any]) -> str:
    """Return ``said`` as TOML: values first, then tables, then lists of tables, in the order in which they stand."""
    return "\n".join(_lines(said)) + "\n"


def _lines(said: Mapping[str, Any]) -> Iterator[str]:
    tables = {key: value for key, value in said.items() if isinstance(value, dict)}
    lists = {key: value for key, value in said.items() if isinstance(value, list) and value and _is_table(value[0])}
    for key, value in said.items():
        if key not in tables and key not in lists:
            yield f"{key} = {_value(value)}"
    for key, table in tables.items():
        yield f"[{key}]"
        yield from (f"{name} = {_value(value)}" for name, value in table.items())
    for key, rows in lists.items():
        for row in rows:
            yield f"[[{key}]]"
            yield from (f"{name} = {_value(value)}" for name, value in row.items())


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def _value(value: object) -> str:
    """One value; strings are written as JSON has them, which TOML's basic strings understand, but for the letter that
    JSON leaves as it is and TOML does not."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_value(each)}" for key, each in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
