"""What can be asked for on the command line: its parser; light, so that ``forecalm --help`` answers at once."""

import argparse
from pathlib import Path
from typing import Any, Final

from forecalm.arguments_accounts import add_accounts
from forecalm.arguments_bands import MOMENT, USER, add_gateway, add_pairing, add_simulating, add_sources
from forecalm.arguments_care import add_care
from forecalm.arguments_certificates import add_certificates
from forecalm.arguments_duty import add_duty
from forecalm.arguments_gateway_access import add_gateway_access
from forecalm.arguments_models import add_models
from forecalm.arguments_parser import Parser
from forecalm.arguments_rehearsal import add_rehearsal
from forecalm.arguments_reports import add_reports
from forecalm.arguments_said import (
    CHANNEL_NAMES,
    above_0,
    add_config,
    add_json,
    add_while_stdin,
    channels,
    command,
    credentials,
    days,
    from_0,
    path,
    port,
    scopes,
    user,
    witness,
)
from forecalm.arguments_shelf import add_shelf
from forecalm.arguments_summary import add_summary
from ingest.notice import SENTENCE

SCOPES: Final = ("care", "research", "share")


def make_parser() -> argparse.ArgumentParser:
    """The parser; what it returns names the ``command``, a function of the ``module`` of ``forecalm.commands``."""
    parser = Parser(prog="forecalm", description=f"Wristbands in, a carer told in time. {SENTENCE}", allow_abbrev=False)
    parser.add_argument("-v", "--verbose", action="store_true", help="say more, and where an error came from")
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for add in (
        _add_running,
        add_simulating,
        _add_recordings,
        _add_exchange,
        add_pairing,
        _add_people,
        _add_consent,
        _add_labels,
        add_care,
        add_duty,
        add_summary,
        add_models,
        add_reports,
        _add_documents,
        add_sources,
        add_gateway,
        _add_checks,
        _add_keeping,
        add_shelf,
        add_rehearsal,
        add_certificates,
        add_gateway_access,
        add_accounts,
    ):
        add(commands)
    return parser


def _add_running(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    demo = command(commands, "running", "demo", "the whole system with simulated bands; opens the board")
    demo.add_argument("--scenario", default="first_light", help="a name or a TOML file (default: first_light)")
    demo.add_argument("--port", type=port, help="where to serve the board (default: 8420, or a free port)")
    demo.add_argument("--seconds", type=above_0, help="stop by itself after that long")
    demo.add_argument("--json", action="store_true", help="no browser; a scripted carer, and one JSON line at the end")
    demo.add_argument("--no-browser", action="store_true", help="print the address only")

    serve = command(commands, "running", "serve", "receive, watch, tell: the service with its board")
    add_config(serve)

    broker = command(commands, "running", "broker", "the embedded MQTT broker, on this machine, or by TLS")
    broker.description = f"{broker.description} It reads no file: say here what stands there under [mqtt]."
    broker.add_argument("--host", default="127.0.0.1", help="where it listens; others than this machine by TLS only")
    broker.add_argument("--port", type=port, default=1883, help="(default: 1883)")
    broker.add_argument(
        "--access", type=path, metavar="FOLDER", help="let gateways in, too: the broker/ of the service's data"
    )
    broker.add_argument("--certificate", type=path, metavar="FILE.pem", help="speak TLS with it; read again on change")
    broker.add_argument("--key", type=path, metavar="FILE.pem", help="to the certificate (default: in the same file)")
    broker.add_argument(
        "--user",
        type=credentials,
        default=user(),
        metavar="NAME:PASSWORD",
        help=f"the user who may do everything: the service (default: forecalm:forecalm); {USER}",
    )
    add_while_stdin(broker)


def _add_recordings(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    replay = command(commands, "recordings", "replay", "push a recording through the live pipeline")
    replay.add_argument(
        "path", type=path, metavar="PATH", help="a recording of any known format: a file, a zip or a folder"
    )
    replay.add_argument("--speed", type=above_0, help="times real time (default: as fast as it goes)")
    replay.add_argument("--plot", type=Path, metavar="OUT.html", help="write an interactive page")
    replay.add_argument("--time-zone", default="UTC", help="for the clock times of the page (default: UTC)")
    replay.add_argument("--json", action="store_true", help="print one JSON object; the same file gives the same bytes")

    features = command(commands, "recordings", "features", "the features of a recording as CSV, or what there are")
    features.add_argument("path", type=path, nargs="?", metavar="PATH", help="a recording; without it, what there are")
    features.add_argument(
        "--set", default="live", choices=("live", "flirt", "wesad", "imbiriba"), help="which (default: live)"
    )
    features.add_argument(
        "--window", type=above_0, metavar="S", help="of all sets but live (default: 60; imbiriba 180)"
    )
    features.add_argument("--hop", type=above_0, default=1.0, metavar="S", help="between rows (default: 1)")
    features.add_argument("--out", type=Path, metavar="FILE.csv", help="where to write (default: standard output)")
    features.add_argument("--json", action="store_true", help="what there are, as JSON")


def _add_exchange(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    take = command(commands, "importing", "import", "take in recordings of any known format, each once")
    take.set_defaults(command="import_")
    add_config(take)
    take.add_argument("paths", type=path, nargs="+", metavar="PATH", help="files, zips or folders of these")
    whose = take.add_mutually_exclusive_group(required=True)
    whose.add_argument("--wearer", help="the pseudonym of who wore the device: all of it is this one person's")
    whose.add_argument(
        "--wearer-from",
        metavar="name|PATTERN",
        help="a whole study: each folder, zip or file in PATH is a person's, who is called after it, or after what a"
        " regular expression finds in its name ('^[^_]+')",
    )
    whose.add_argument(
        "--people",
        type=Path,
        metavar="FILE.csv",
        help="a whole study: file, wearer and, if you like, name, consent_by, scope of what lies in PATH",
    )
    take.add_argument("--prefix", default="", help="what pseudonyms begin with, of --wearer-from: a study's name, say")
    take.add_argument("--name", help="the name to show on the board, for a new wearer")
    take.add_argument(
        "--consent-by",
        metavar="WHO",
        help="who agrees, with their role, that what was recorded up to now is kept; needed for a new wearer",
    )
    take.add_argument(
        "--scope", type=scopes, default=("care",), metavar="care,research", help="what they agree to (default: care)"
    )
    take.add_argument("--map", type=Path, metavar="FILE.toml", help="the columns of a table: docs/guides/importing.md")
    take.add_argument("--dry-run", action="store_true", help="say what would be imported; nothing is written")
    take.add_argument("--json", action="store_true", help="print one JSON object at the end")

    give = command(commands, "exporting", "export", "write what research may use of wearers to an empty folder")
    add_config(give)
    give.add_argument("--wearer", required=True, nargs="+", metavar="W", help="pseudonyms")
    give.add_argument("--format", required=True, choices=("parquet", "bids", "csv"), help="see docs/exports.md")
    give.add_argument("--out", required=True, type=path, metavar="FOLDER", help="a new or empty folder")
    give.add_argument(
        "--since", metavar="TIME", help="from then on, such as 2026-05-06T14:02 or 2026-05-06T14:02+02:00"
    )
    give.add_argument("--until", metavar="TIME", help="up to then")
    give.add_argument("--channels", type=channels, default=CHANNEL_NAMES, metavar="LIST", help="(default: all)")
    give.add_argument("--labels", action=argparse.BooleanOptionalAction, default=True, help="(default: with labels)")
    give.add_argument(
        "--deidentify", action="store_true", help="shift dates by a secret number of weeks; drop what names people"
    )
    give.add_argument(
        "--stable", action="store_true", help="with --deidentify: as in the last such export, so that both agree"
    )
    give.add_argument("--json", action="store_true", help="print one JSON object")


def _add_people(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    correct = command(commands, "people", "correct", "say afterwards who wore a band; score whom it touches anew")
    add_config(correct)
    correct.add_argument("band", help="the band's id, or that of an imported recording")
    correct.add_argument("wearer", nargs="?", help="the pseudonym of who wore it")
    correct.add_argument("--nobody", action="store_true", help="nobody wore it")
    correct.add_argument(
        "--exchange", metavar="BAND", help="it was exchanged with this band: each is told of the other"
    )
    correct.add_argument("--since", required=True, metavar="TIME", help=MOMENT)
    correct.add_argument("--until", metavar="TIME", help="up to when (default: and still)")
    add_json(correct)

    right = command(commands, "people", "right", "say that a band is on the right wrist, whatever it looks like")
    add_config(right)
    right.add_argument("band", help="the band's id: nobody is asked about its wearer again for a day")
    add_json(right)

    rescore = command(commands, "people", "rescore", "score anew what a correction left undone")
    rescore.add_argument("--list", action="store_true", help="say what was scored anew before; nothing is done")
    add_config(rescore)
    add_json(rescore)


def _add_consent(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    consent = command(commands, "people", "consent", "enter, withdraw or list what was agreed to")
    actions = consent.add_subparsers(dest="action", metavar="ACTION", required=True)
    give = actions.add_parser("give", help="enter a consent")
    give.add_argument("wearer", help="the wearer's pseudonym")
    give.add_argument("--by", required=True, metavar="WHO", help="who agrees, with their role")
    give.add_argument("--since", metavar="TIME", help=f"from when readings are covered (default: now); {MOMENT}")
    give.add_argument("--until", metavar="TIME", help="up to when (default: without end)")
    give.add_argument("--scope", action="append", choices=SCOPES, required=True, help="for what (may be repeated)")
    withdraw = actions.add_parser("withdraw", help="enter that a consent is withdrawn, from now on")
    withdraw.add_argument("wearer", help="the wearer's pseudonym")
    withdraw.add_argument("--scope", action="append", choices=SCOPES, help="of what (may be repeated; default: all)")
    listed = actions.add_parser("list", help="every consent there ever was")
    listed.add_argument("wearer", nargs="?", help="of this wearer alone")
    for each in (give, withdraw, listed):
        add_config(each)
        add_json(each)


def _add_labels(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    labels = command(commands, "labels", "labels", "enter, list, read or write what people said about times")
    actions = labels.add_subparsers(dest="action", metavar="ACTION", required=True)
    add = actions.add_parser("add", help="enter a label")
    add.add_argument("wearer", help="the wearer's pseudonym")
    add.add_argument("what", help="what was so, in a word or a few")
    add.add_argument("--start", required=True, metavar="TIME", help=MOMENT)
    add.add_argument("--end", metavar="TIME", help="when it was over (default: a moment)")
    add.add_argument("--rater", required=True, metavar="WHO", help="who says so")
    add.add_argument("--uncertainty", type=from_0, default=0.0, metavar="S", help="how far the start may be off")
    add.add_argument("--level", type=float, help="a degree, in the scale of its source")
    add.add_argument("--note", default="", help="anything else")
    listed = actions.add_parser("list", help="the valid labels, in order of time")
    read = actions.add_parser("import", help="read a file of labels: see docs/labels.md")
    read.add_argument("path", type=path, metavar="FILE.csv")
    read.add_argument("--wearer", help="whose they are that name no wearer")
    write = actions.add_parser("export", help="write a file of labels")
    write.add_argument("--out", type=Path, metavar="FILE.csv", help="where to (default: standard output)")
    for each in (listed, write):
        each.add_argument("wearer", nargs="?", help="of this wearer alone")
        each.add_argument("--wearer", dest="named", metavar="WEARER", help="the same, as other commands have it")
        each.add_argument("--since", metavar="TIME", help=f"that reach into the time from then on; {MOMENT}")
        each.add_argument("--until", metavar="TIME", help="and up to then")
    for each in (add, listed, read, write):
        add_config(each)
    for each in (add, listed, read):
        add_json(each)


def _add_documents(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    schema = command(commands, "documents", "schema", "print the JSON Schema of the wire")
    schema.add_argument("--asyncapi", action="store_true", help="the AsyncAPI document instead")


def _add_checks(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    doctor = command(commands, "checks", "doctor", "say what is wrong with this installation, and the mend")
    bands = command(commands, "checks", "bands", "every band: who wears it, when it was heard, what is stored")
    for each in (doctor, bands):
        add_config(each)
        each.add_argument("--json", action="store_true", help="print one JSON object")


def _add_keeping(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    erase = command(commands, "keeping", "erase", "take away everything that is known of a wearer, after asking")
    add_config(erase)
    erase.add_argument("wearer", help="the wearer's pseudonym")
    erase.add_argument("--dry-run", action="store_true", help="only say what there is; a service may run meanwhile")
    erase.add_argument("--yes", action="store_true", help="do not ask; for scripts")
    erase.add_argument(
        "--backups", action="store_true", help="delete back-ups that hold them too: they are everybody's"
    )
    erase.add_argument("--json", action="store_true", help="say it as one JSON object")

    backup = command(commands, "keeping", "backup", "copy everything into a new folder; a service may run meanwhile")
    add_config(backup)
    backup.add_argument("folder", type=path, metavar="FOLDER", help="where to; on another disk")
    backup.add_argument("--json", action="store_true", help="say it as one JSON object")

    restore = command(commands, "keeping", "restore", "bring a back-up back into an installation that is empty")
    add_config(restore)
    restore.add_argument("folder", type=path, metavar="FOLDER", help="the back-up")
    restore.add_argument("--receipts", type=path, metavar="FOLDER", help="of erasures since: says whom to erase again")
    restore.add_argument("--json", action="store_true", help="say it as one JSON object")

    retention = command(commands, "keeping", "retention", "say for how many days a site keeps readings")
    add_config(retention)
    retention.add_argument("site", help="the site's name, as in its topics")
    retention.add_argument("days", type=days, metavar="DAYS|none", help="none: until somebody erases them")
    retention.add_argument("--json", action="store_true", help="say it as one JSON object")

    audit = command(commands, "keeping", "audit", "say whether the record of who changed what is whole")
    add_config(audit)
    audit.add_argument(
        "what", metavar="verify", choices=("verify",), help="verify: follow the chain, and print its end"
    )
    audit.add_argument("--witness", type=witness, metavar="NUMBER:DIGEST", help="an end that was printed earlier")
    audit.add_argument("--json", action="store_true", help="say it as one JSON object")
