"""The tables of roles, routes and rates in; what docs/access.md says of them out.

``python -m console.access.drawn docs/access.md`` draws them anew below the line that says so; what is above is written
by hand.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from console.access.limits import COSTLY, EXPORTS, LOOKS, WRITES
from console.access.roles import ACTS, Act, Role
from console.access.routes import ANYWHERE, ROUTES

LINE: Final = "<!-- From here on drawn by python -m console.access.drawn docs/access.md -->"


def lines() -> Iterator[str]:
    """Yield what is drawn, line by line."""
    yield from (LINE, "", "## How often")
    rates = (("Changes", WRITES, "account"), ("Taking out", EXPORTS, "account"), ("Looking", LOOKS, "session"))
    for what, rate, whose in rates:
        yield f"- {what}: {rate.burst} at once, then one in {rate.every_s:g} s, for each {whose}, tablet or token."
    yield f"- Taking out is: {', '.join(sorted(COSTLY))}. Taking an alert is never too often."
    yield from ("", "## Roles", f"| | {' | '.join(Role)} |", "|---|" + "---|" * len(Role))
    for act in Act:
        yield f"| {act} | {' | '.join('yes' if act in ACTS[role] else '' for role in Role)} |"
    yield from ("", "## Routes", "| route | takes | |", "|---|---|---|")
    for (method, path), need in sorted(ROUTES.items(), key=lambda row: (row[0][1], row[0][0])):
        yield f"| `{method} {path}` | {need} | {'own sites' if (method, path) in ANYWHERE else ''} |"


def drawn(text: str) -> str:
    """Return ``text`` with the tables below ``LINE`` as they are now."""
    return text.partition(LINE)[0].rstrip() + "\n\n" + "\n".join(lines()) + "\n"


if __name__ == "__main__":
    document = Path(sys.argv[1])
    document.write_text(drawn(document.read_text(encoding="utf-8")), encoding="utf-8")
