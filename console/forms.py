"""A form that a browser posted in; its fields, read once and bounded, out."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

from fastapi import Request

from console.refusal import Refusal, only_from_here

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
