"""A form that a browser posted in, or what a room refused of it; its fields, or what is wrong beside each, out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

from fastapi import Request

from console.refusal import Refusal, only_from_here
from ingest.ids import HOW

FORM_BYTES: Final = 16_384
"""Far more than names, taps and a note need."""

LINE_MAX: Final = 1000
"""Characters of a line that are read; how many may be kept of it says the room that takes it."""


@dataclass(frozen=True, slots=True)
class Form:
    """What was posted, by field."""

    fields: dict[str, list[str]]

    def one(self, field: str) -> str:
        """Return one line, "" where there is none."""
        return " ".join(self.fields.get(field, [""])[-1].split())[:LINE_MAX]

    def every(self, field: str) -> tuple[str, ...]:
        """Return every line of a field that has some."""
        lines = (" ".join(line.split())[:LINE_MAX] for line in self.fields.get(field, []))
        return tuple(dict.fromkeys(filter(None, lines)))

    def text(self, field: str) -> str:
        """Return what was written, lines and all, "" where there is none."""
        return self.fields.get(field, [""])[-1].replace("\r\n", "\n")


LETTERS: Final = f"must be {HOW}"
"""How rooms say it to programs: on a page what was typed stands beside it anyway."""


def by_field(error: Exception, fields: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what a room refused, beside the field with which its words begin; at the top where they begin with none.
    ``fields`` maps the room's names to those of the form, None: they are the same."""
    named, parted, why = str(error).partition(":")
    name = named.partition(",")[0].strip()
    field = fields.get(name) if fields is not None else name if name.isidentifier() else None
    if field is None or not parted:
        return {"": str(error)}
    said = why.strip()
    if said.endswith(LETTERS):
        said = "1 to 64 letters without accents, digits, - or _, with no space."
    return {field: f"{said[:1].upper()}{said[1:]}"}


async def form_of(request: Request, *, most: int = FORM_BYTES) -> Form:
    """Return the form that was posted; refused where another site made a browser send it, where it is longer than
    ``most`` bytes, and where it is no form."""
    only_from_here(request)
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise Refusal(413, "That is too long", f"A form of up to {most} bytes is read.")
    try:
        return Form(parse_qs(body.decode("ascii"), errors="strict", keep_blank_values=False, max_num_fields=1200))
    except ValueError as error:
        raise Refusal(422, "That cannot be read", "Send a form in UTF-8.") from error
