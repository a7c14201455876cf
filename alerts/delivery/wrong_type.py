"""What msgspec says of a value that does not fit in; field, what is wrong and remedy, as rules are refused, out."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

EVERY_KEY: Final = "see docs/alerting-rules.md for every key"
PLACE: Final = re.compile(r" - at `\$\.?(?P<field>[^`]*)`$")
EXPECTED: Final = re.compile(r"Expected `(?P<wanted>[a-z]+)`, got `(?P<got>[a-z]+)`")
UNKNOWN: Final = re.compile(r"Object contains unknown field `(?P<key>.*)`", re.DOTALL)
MISSING: Final = re.compile(r"Object missing required field `(?P<key>[a-z_]+)`")

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "float": "a number",
        "int": "a whole number",
        "bool": "true or false",
        "str": "text",
        "array": "a list",
        "object": "a table",
        "date": "a date",
        "time": "a time of day",
        "datetime": "a date and time",
    }
)
REMEDIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "float": "write a number, without quotes",
        "bool": "write true or false, without quotes",
        "str": "put it in quotes",
        "array": "write a list in [ ], or a heading in [[ ]] above each table",
        "object": "write a table: its keys under a heading, or in { }",
    }
)


def refusal(said: str) -> str:
    """Return ``said``, the text of a ``msgspec.ValidationError``, as whoever wrote the rules can use it. It holds no
    value, but a name that somebody chose may stand in it."""
    place = PLACE.search(said)
    field = place["field"] if place else ""
    what = said[: place.start()] if place else said
    if found := EXPECTED.fullmatch(what):
        wanted, got = KINDS.get(found["wanted"], found["wanted"]), KINDS.get(found["got"], found["got"])
        remedy = REMEDIES.get(found["wanted"], EVERY_KEY)
        return f"{field or 'the whole'}: {wanted} is wanted here, not {got}; {remedy}"
    if found := UNKNOWN.fullmatch(what):
        return f"{field + '.' if field else ''}{found['key']}: there is no such key; {EVERY_KEY}"
    if found := MISSING.fullmatch(what):
        return f"{field + '.' if field else ''}{found['key']}: it is missing; write it, or {EVERY_KEY}"
    return f"{field + ': ' if field else ''}{what}; {EVERY_KEY}"
