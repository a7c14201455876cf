"""What can be asked for on the command line about summaries: their arguments; light, as ``arguments`` is."""

from typing import Any, Final

from forecalm.arguments_said import add_config, command, path

AUDIENCES: Final = ("family", "school", "health")
"""As ``console.summary.facts.Audience``, whose module is heavy."""


def add_summary(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    """Enter summary."""
    summary = command(commands, "summaries", "summary", "write what may be shared of a person as one plan, PDF or HTML")
    summary.add_argument("wearer", help="the wearer's pseudonym")
    summary.add_argument("--for", dest="audience", required=True, choices=AUDIENCES, help="whom it is for")
    summary.add_argument("--since", metavar="DAY", help="its first day, such as 2026-05-04 (default: four weeks)")
    summary.add_argument("--until", metavar="DAY", help="its last day (default: today)")
    summary.add_argument("--out", type=path, metavar="FILE", help="ending in .pdf or .html; needed unless --notes")
    summary.add_argument(
        "--note", action="append", type=int, metavar="NUMBER", help="a note to add (may be repeated; default: none)"
    )
    summary.add_argument(
        "--notes", action="store_true", help="only list the notes that may be added, and their numbers"
    )
    summary.add_argument("--own-words", action="store_true", help="with what carers wrote about what helped")
    summary.add_argument("--sign", default="", metavar="NAME", help="who signs (default: nobody; it says: a carer)")
    summary.add_argument("--force", action="store_true", help="replace a file that is there")
    add_config(summary)
