"""What can be asked for on the command line: its parser; light, so that ``forecalm --help`` answers at once."""

import argparse
import math
import os
import re
from pathlib import Path
from typing import Any, Final

NOTICE: Final = "Research use only \N{EN DASH} not a medical device."
MOMENT: Final = "ISO 8601 by the clock of the site (2026-05-06T14:02), or with an offset"
SCOPES: Final = ("care", "research", "share")
USER: Final = "better as FORECALM_MQTT_USERNAME and FORECALM_MQTT_PASSWORD in the environment"
TLS: Final = "talk to the broker by TLS, most often at port 8883"
CA: Final = "certificate of the authority that signed the broker's, PEM (default: those that the system trusts)"
MANY: Final = 1_000_000_000
DAYS_MAX: Final = 36_500  # as the registry has it
DIGEST_LENGTH: Final = 64  # SHA-256 in hexadecimal
CHANNEL_NAMES: Final = ("eda", "temperature", "ppg", "motion", "ibi")  # as in ``ingest.types``, which is heavy
WEARERS_MAX: Final = 10_000  # more than one core simulates in real time


def make_parser() -> argparse.ArgumentParser:
    """The parser; what it returns names the ``command``, a function of the ``module`` of ``forecalm.commands``."""
    parser = argparse.ArgumentParser(
        prog="forecalm", description=f"Wristbands in, a carer told in time. {NOTICE}", allow_abbrev=False
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="say more, and where an error came from")
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for add in (
        _add_running,
        _add_simulating,
        _add_recordings,
        _add_exchange,
        _add_pairing,
        _add_people,
        _add_consent,
        _add_labels,
        _add_documents,
        _add_sources,
        _add_gateway,
        _add_checks,
        _add_keeping,
    ):
        add(commands)
    return parser


def _add_running(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    demo = _command(commands, "running", "demo", "the whole system with simulated bands; opens the board")
    demo.add_argument("--scenario", default="first_light", help="a name or a TOML file (default: first_light)")
    demo.add_argument("--port", type=_port, help="where to serve the board (default: 8420, or a free port)")
    demo.add_argument("--seconds", type=_above_0, help="stop by itself after that long")
    demo.add_argument("--json", action="store_true", help="no browser; a scripted carer, and one JSON line at the end")
    demo.add_argument("--no-browser", action="store_true", help="print the address only")

    serve = _command(commands, "running", "serve", "receive, watch, tell: the service with its board")
    _add_config(serve)

    broker = _command(commands, "running", "broker", "the embedded MQTT broker, on this machine only")
    broker.description = f"{broker.description} It reads no file: say here what stands there under [mqtt]."
    broker.add_argument("--port", type=_port, default=1883, help="(default: 1883)")
    broker.add_argument(
        "--user",
        type=_credentials,
        default=_user(),
        metavar="NAME:PASSWORD",
        help=f"the one user it lets in (default: forecalm:forecalm); {USER}",
    )
    _add_while_stdin(broker)


def _add_simulating(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    simulate = _command(commands, "simulating", "simulate", "simulated bands: over MQTT, over Bluetooth, or as files")
    simulate.add_argument(
        "--scenario", default="first_light", help="a name, or a TOML file: docs/scenarios.md (default: first_light)"
    )
    simulate.add_argument("--wearers", type=_count, help="how many (default: as the scenario says)")
    simulate.add_argument("--seed", type=int, default=11, help="the same seed, the same people (default: 11)")
    simulate.add_argument(
        "--transport",
        choices=("mqtt", "ble", "e4", "parquet"),
        default="mqtt",
        help="how it leaves: live over MQTT or Bluetooth; as E4 sessions or as an export on disk (default: mqtt)",
    )
    simulate.add_argument("--out", type=Path, metavar="FOLDER", help="where files go: a new or empty folder")
    simulate.add_argument("--truth", type=Path, metavar="FILE.parquet", help="write there what was so at every moment")
    simulate.add_argument("--speed", type=_above_0, default=1.0, help="times real time (files: as fast as it goes)")
    simulate.add_argument(
        "--seconds", type=_above_0, help="stop after that long (default: until Ctrl-C; of files an hour)"
    )
    simulate.add_argument("--boot", type=int, help="the bands' boot id (default: the time: every run a new boot)")
    simulate.add_argument("--host", default="127.0.0.1")
    simulate.add_argument("--port", type=_port, default=1883)
    simulate.add_argument("--user", type=_credentials, default=_user(), metavar="NAME:PASSWORD", help=USER)
    _add_tls(simulate)
    simulate.add_argument("--site", default="home")
    simulate.add_argument(
        "--kinds",
        nargs="+",
        metavar="KIND",
        help="of Bluetooth bands, in turn: forecalm, strap, polar, infinitime; or how many: forecalm=4,strap=1",
    )
    simulate.add_argument(
        "--strict-pairing",
        action="store_const",
        const=True,
        help="Bluetooth bands bond as real ones do: in their first two minutes, or while their button is held",
    )
    simulate.add_argument(
        "--bonds", type=Path, metavar="FILE", help="where Bluetooth bands keep their bonds for the next run"
    )
    simulate.add_argument(
        "--hci", nargs="+", metavar="ADAPTER", help="real adapters for Bluetooth, one a band: usb:0 (default: no radio)"
    )
    simulate.add_argument(
        "--air", type=_port, metavar="PORT", help="where the simulated radio is (default: a free port)"
    )
    simulate.add_argument(
        "--fault",
        action="append",
        metavar="'KIND KEY=VALUE ...'",
        help="what goes wrong besides: 'away bands=band-01 start_s=60 hold_s=300' (docs/simulator.md); may be repeated",
    )
    simulate.add_argument("--json", action="store_true", help="print what was sent as one JSON line at the end")
    simulate.add_argument(
        "--sent", type=Path, metavar="FILE", help="write every packet there, once: its size in 4 bytes, MessagePack"
    )
    simulate.add_argument("--sample", type=Path, metavar="FOLDER", help="write the sample session there instead")
    _add_while_stdin(simulate)


def _add_recordings(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    replay = _command(commands, "recordings", "replay", "push a recording through the live pipeline")
    replay.add_argument(
        "path", type=_path, metavar="PATH", help="a recording of any known format: a file, a zip or a folder"
    )
    replay.add_argument("--speed", type=_above_0, help="times real time (default: as fast as it goes)")
    replay.add_argument("--plot", type=Path, metavar="OUT.html", help="write an interactive page")
    replay.add_argument("--time-zone", default="UTC", help="for the clock times of the page (default: UTC)")
    replay.add_argument("--json", action="store_true", help="print one JSON object; the same file gives the same bytes")

    features = _command(commands, "recordings", "features", "the features of a recording as CSV, or what there are")
    features.add_argument("path", type=_path, nargs="?", metavar="PATH", help="a recording; without it, what there are")
    features.add_argument(
        "--set", default="live", choices=("live", "flirt", "wesad", "imbiriba"), help="which (default: live)"
    )
    features.add_argument(
        "--window", type=_above_0, metavar="S", help="of all sets but live (default: 60; imbiriba 180)"
    )
    features.add_argument("--hop", type=_above_0, default=1.0, metavar="S", help="between rows (default: 1)")
    features.add_argument("--out", type=Path, metavar="FILE.csv", help="where to write (default: standard output)")
    features.add_argument("--json", action="store_true", help="what there are, as JSON")


def _add_exchange(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    take = _command(commands, "importing", "import", "take in recordings of any known format, each once")
    take.set_defaults(command="import_")
    _add_config(take)
    take.add_argument("paths", type=_path, nargs="+", metavar="PATH", help="files, zips or folders of these")
    take.add_argument("--wearer", required=True, help="the pseudonym of who wore the device")
    take.add_argument("--name", help="the name to show on the board, for a new wearer")
    take.add_argument(
        "--consent-by",
        metavar="WHO",
        help="who agrees, with their role, that what was recorded up to now is kept; needed for a new wearer",
    )
    take.add_argument(
        "--scope", type=_scopes, default=("care",), metavar="care,research", help="what they agree to (default: care)"
    )
    take.add_argument("--map", type=Path, metavar="FILE.toml", help="the columns of a table: docs/guides/importing.md")
    take.add_argument("--dry-run", action="store_true", help="say what would be imported; nothing is written")
    take.add_argument("--json", action="store_true", help="print one JSON object at the end")

    give = _command(commands, "exporting", "export", "write what research may use of wearers to an empty folder")
    _add_config(give)
    give.add_argument("--wearer", required=True, nargs="+", metavar="W", help="pseudonyms")
    give.add_argument("--format", required=True, choices=("parquet", "bids", "csv"), help="see docs/exports.md")
    give.add_argument("--out", required=True, type=_path, metavar="FOLDER", help="a new or empty folder")
    give.add_argument(
        "--since", metavar="TIME", help="from then on, such as 2026-05-06T14:02 or 2026-05-06T14:02+02:00"
    )
    give.add_argument("--until", metavar="TIME", help="up to then")
    give.add_argument("--channels", type=_channels, default=CHANNEL_NAMES, metavar="LIST", help="(default: all)")
    give.add_argument("--labels", action=argparse.BooleanOptionalAction, default=True, help="(default: with labels)")
    give.add_argument(
        "--deidentify", action="store_true", help="shift dates by a secret number of weeks; drop what names people"
    )
    give.add_argument(
        "--stable", action="store_true", help="with --deidentify: as in the last such export, so that both agree"
    )
    give.add_argument("--json", action="store_true", help="print one JSON object")


def _add_pairing(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    near = _command(commands, "pairing", "nearby", "the bands on the radio of this site's gateways, and who wears them")
    near.add_argument("--seconds", type=_above_0, default=4.0, metavar="S", help="how long to look (default: 4)")

    pair = _command(commands, "pairing", "pair", "say who wears a band from now on, confirmed at the band")
    pair.add_argument("band", help="the band's id or scanned code; -: pick it from those nearby, or scan it")
    pair.add_argument("wearer", help="the wearer's pseudonym")
    pair.add_argument("--name", help="the name to show on the board, for a new wearer")
    pair.add_argument(
        "--consent-by",
        metavar="WHO",
        help="who agrees that the wearer is recorded and watched, with their role; needed for a new wearer",
    )
    pair.add_argument("--carer", action="append", default=[], help="a carer who may take alerts (may be repeated)")
    pair.add_argument("--instead-of", metavar="BAND", help="the wearer gives up this band, without being asked")

    swap = _command(commands, "pairing", "swap", "give the wearer of a band another one, to wash or charge the old one")
    swap.add_argument("old", metavar="OLD", help="the band that is worn, by id or scanned code")
    swap.add_argument("new", metavar="NEW", help="the other one; -: pick it from those nearby, or scan it")

    for command in (pair, swap):
        command.add_argument("--until", metavar="TIME", help=f"when it ends by itself (default: never); {MOMENT}")
        command.add_argument(
            "--from", dest="from_wearer", metavar="WEARER", help="it is taken from this wearer, without being asked"
        )
        command.add_argument("--as-it-sits", action="store_true", help="take it though the fit check finds fault")
        command.add_argument(
            "--no-confirm", action="store_true", help="without gesture and fit check; so too where no gateway is known"
        )

    unpair = _command(commands, "pairing", "unpair", "say that nobody wears a band any more")
    unpair.add_argument("band", help="the band's id or scanned code")

    label = _command(commands, "pairing", "label", "a sticker with a band's code, to scan it by")
    label.add_argument("band", help="the band's id, as in its topic")
    label.add_argument(
        "--out",
        type=_path,
        metavar="FILE.svg",
        help="with the id beneath the code; .png: the code alone (default: BAND.svg)",
    )

    for command in (near, pair, swap, unpair):
        _add_config(command)
    for command in (near, pair, swap, unpair, label):
        _add_json(command)


def _add_people(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    correct = _command(commands, "people", "correct", "say afterwards who wore a band; score whom it touches anew")
    _add_config(correct)
    correct.add_argument("band", help="the band's id, or that of an imported recording")
    correct.add_argument("wearer", nargs="?", help="the pseudonym of who wore it")
    correct.add_argument("--nobody", action="store_true", help="nobody wore it")
    correct.add_argument(
        "--exchange", metavar="BAND", help="it was exchanged with this band: each is told of the other"
    )
    correct.add_argument("--since", required=True, metavar="TIME", help=MOMENT)
    correct.add_argument("--until", metavar="TIME", help="up to when (default: and still)")
    _add_json(correct)

    right = _command(commands, "people", "right", "say that a band is on the right wrist, whatever it looks like")
    _add_config(right)
    right.add_argument("band", help="the band's id: nobody is asked about its wearer again for a day")
    _add_json(right)

    rescore = _command(commands, "people", "rescore", "score anew what a correction left undone")
    rescore.add_argument("--list", action="store_true", help="say what was scored anew before; nothing is done")
    _add_config(rescore)
    _add_json(rescore)


def _add_consent(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    consent = _command(commands, "people", "consent", "enter, withdraw or list what was agreed to")
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
        _add_config(each)
        _add_json(each)


def _add_labels(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    labels = _command(commands, "labels", "labels", "enter, list, read or write what people said about times")
    actions = labels.add_subparsers(dest="action", metavar="ACTION", required=True)
    add = actions.add_parser("add", help="enter a label")
    add.add_argument("wearer", help="the wearer's pseudonym")
    add.add_argument("what", help="what was so, in a word or a few")
    add.add_argument("--start", required=True, metavar="TIME", help=MOMENT)
    add.add_argument("--end", metavar="TIME", help="when it was over (default: a moment)")
    add.add_argument("--rater", required=True, metavar="WHO", help="who says so")
    add.add_argument("--uncertainty", type=_from_0, default=0.0, metavar="S", help="how far the start may be off")
    add.add_argument("--level", type=float, help="a degree, in the scale of its source")
    add.add_argument("--note", default="", help="anything else")
    listed = actions.add_parser("list", help="the valid labels, in order of time")
    read = actions.add_parser("import", help="read a file of labels: see docs/labels.md")
    read.add_argument("path", type=_path, metavar="FILE.csv")
    read.add_argument("--wearer", help="whose they are that name no wearer")
    write = actions.add_parser("export", help="write a file of labels")
    write.add_argument("--out", type=Path, metavar="FILE.csv", help="where to (default: standard output)")
    for each in (listed, write):
        each.add_argument("wearer", nargs="?", help="of this wearer alone")
        each.add_argument("--since", metavar="TIME", help=f"that reach into the time from then on; {MOMENT}")
        each.add_argument("--until", metavar="TIME", help="and up to then")
    for each in (add, listed, read, write):
        _add_config(each)
    for each in (add, listed, read):
        _add_json(each)


def _add_documents(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    schema = _command(commands, "documents", "schema", "print the JSON Schema of the wire")
    schema.add_argument("--asyncapi", action="store_true", help="the AsyncAPI document instead")


def _add_sources(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    lsl = _command(
        commands, "sources", "lsl", "be the gateway of Lab Streaming Layer streams (needs the extra formats)"
    )
    lsl.add_argument("--name", help="take the streams of this name only")
    lsl.add_argument("--type", help="take the streams of this type only")
    lsl.add_argument("--source-id", metavar="ID", help="take the streams of this source id only")
    lsl.add_argument("--band", help="the one band that all of them make (default: each source id is a band)")
    lsl.add_argument("--map", type=Path, metavar="FILE.toml", help="which channel is which: see docs/guides/lsl.md")
    lsl.add_argument("--peers", metavar="HOST,...", help="look on these computers, where there is no multicast")
    lsl.add_argument("--list", action="store_true", help="say which streams there are, and what would be taken")
    lsl.add_argument("--wait", type=_above_0, default=2.0, metavar="S", help="how long to look for --list (default: 2)")
    lsl.add_argument("--host", default="127.0.0.1", help="of the broker")
    lsl.add_argument("--port", type=_port, default=1883)
    lsl.add_argument("--user", type=_credentials, default=_user(), metavar="NAME:PASSWORD", help=USER)
    _add_tls(lsl)
    lsl.add_argument("--site", default="home")
    lsl.add_argument(
        "--gateway", type=_name, help="what this gateway is called (default: lsl- and this computer's name)"
    )
    lsl.add_argument(
        "--spool", type=Path, metavar="FOLDER", help="keep on disk what is not stored yet (default: in memory)"
    )
    lsl.add_argument("--seconds", type=_above_0, help="stop after that long (default: until Ctrl-C)")
    lsl.add_argument("--json", action="store_true", help="print what was sent, or found, as one JSON line")


def _add_gateway(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    gateway = _command(
        commands, "gateway", "gateway", "hold the bands of a house by Bluetooth and pass on what they tell"
    )
    gateway.add_argument(
        "--config", type=Path, metavar="FILE.toml", help="see docs/guides/gateway.md; what is said here wins"
    )
    gateway.add_argument(
        "--adapter",
        action="append",
        metavar="A",
        help="hci0, usb:0, tcp-client:HOST:PORT (may be repeated; default: the system's own)",
    )
    gateway.add_argument("--host", help="of the broker (default: 127.0.0.1)")
    gateway.add_argument("--port", type=_port, help="(default: 1883)")
    gateway.add_argument("--user", type=_credentials, metavar="NAME:PASSWORD", help="better in the file: ps shows it")
    gateway.add_argument("--tls", action="store_const", const=True, help=TLS)
    gateway.add_argument("--ca", metavar="FILE", help=CA)
    gateway.add_argument("--site", type=_name, help="(default: home)")
    gateway.add_argument("--name", type=_name, help="of this gateway (default: gw- and this computer's name)")
    gateway.add_argument("--data", metavar="FOLDER", help="where it keeps what is not stored (default: var/gateway)")
    gateway.add_argument("--json", action="store_true", help="print what was done as one JSON line at the end")


def _add_checks(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    doctor = _command(commands, "checks", "doctor", "say what is wrong with this installation, and the mend")
    bands = _command(commands, "checks", "bands", "every band: who wears it, when it was heard, what is stored")
    for command in (doctor, bands):
        _add_config(command)
        command.add_argument("--json", action="store_true", help="print one JSON object")


def _add_keeping(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    erase = _command(commands, "keeping", "erase", "take away everything that is known of a wearer, after asking")
    _add_config(erase)
    erase.add_argument("wearer", help="the wearer's pseudonym")
    erase.add_argument("--dry-run", action="store_true", help="only say what there is; a service may run meanwhile")
    erase.add_argument("--yes", action="store_true", help="do not ask; for scripts")
    erase.add_argument(
        "--backups", action="store_true", help="delete back-ups that hold them too: they are everybody's"
    )
    erase.add_argument("--json", action="store_true", help="say it as one JSON object")

    backup = _command(commands, "keeping", "backup", "copy everything into a new folder; a service may run meanwhile")
    _add_config(backup)
    backup.add_argument("folder", type=_path, metavar="FOLDER", help="where to; on another disk")
    backup.add_argument("--json", action="store_true", help="say it as one JSON object")

    restore = _command(commands, "keeping", "restore", "bring a back-up back into an installation that is empty")
    _add_config(restore)
    restore.add_argument("folder", type=_path, metavar="FOLDER", help="the back-up")
    restore.add_argument("--receipts", type=_path, metavar="FOLDER", help="of erasures since: says whom to erase again")
    restore.add_argument("--json", action="store_true", help="say it as one JSON object")

    retention = _command(commands, "keeping", "retention", "say for how many days a site keeps readings")
    _add_config(retention)
    retention.add_argument("site", help="the site's name, as in its topics")
    retention.add_argument("days", type=_days, metavar="DAYS|none", help="none: until somebody erases them")
    retention.add_argument("--json", action="store_true", help="say it as one JSON object")

    audit = _command(commands, "keeping", "audit", "say whether the record of who changed what is whole")
    _add_config(audit)
    audit.add_argument("what", choices=("verify",), help="verify: follow the chain, and print its end")
    audit.add_argument("--witness", type=_witness, metavar="NUMBER:DIGEST", help="an end that was printed earlier")
    audit.add_argument("--json", action="store_true", help="say it as one JSON object")


def _days(text: str) -> int | None:
    if text == "none":
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= DAYS_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number of days from 1 to {DAYS_MAX:,} nor none")
    return int(text)


def _witness(text: str) -> tuple[int, str]:
    number, _, digest = text.partition(":")
    if not (number.isascii() and number.isdigit() and len(digest) == DIGEST_LENGTH):
        raise argparse.ArgumentTypeError("must be NUMBER:DIGEST as audit verify has printed it")
    return int(number), digest


def _command(commands: Any, module: str, name: str, about: str) -> argparse.ArgumentParser:  # noqa: ANN401
    command: argparse.ArgumentParser = commands.add_parser(name, help=about, description=f"{about}. {NOTICE}")
    command.set_defaults(command=name, module=f"forecalm.commands.{module}")
    return command


def _add_config(command: argparse.ArgumentParser) -> None:
    command.add_argument("--config", type=Path, metavar="FILE.toml", help="see docs/configuration.md")


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON")


def _add_while_stdin(command: argparse.ArgumentParser) -> None:
    """For commands that run beside another: they end with whoever started them, however that one ends."""
    command.add_argument("--while-stdin-is-open", action="store_true", help="stop when standard input closes")


def _from_0(text: str) -> float:
    return 0.0 if text in ("0", "0.0") else _above_0(text)


def _path(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("is empty: name a zip or a folder")
    return Path(text)


def _scopes(text: str) -> tuple[str, ...]:
    return _some_of(text, ("care", "research", "share"))


def _channels(text: str) -> tuple[str, ...]:
    return _some_of(text, CHANNEL_NAMES)


def _some_of(text: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """A list with commas, each of ``known``, in their order."""
    names = [name.strip() for name in text.split(",")]
    if unknown := [name for name in names if name not in known]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(known)}; part several by commas")
    return tuple(name for name in known if name in names)


def _above_0(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= MANY:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0 and up to {MANY:,}")
    return value


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= WEARERS_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {WEARERS_MAX:,}")
    return int(text)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1 to 65535")
    return int(text)


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text):
        raise argparse.ArgumentTypeError(f"{text!r} must be 1 to 64 of A-Z a-z 0-9 _ -")
    return text


def _add_tls(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tls", action="store_true", default=os.environ.get("FORECALM_MQTT_TLS", "false"), help=TLS)
    parser.add_argument("--ca", metavar="FILE", default=os.environ.get("FORECALM_MQTT_CA", ""), help=CA)


def _user() -> tuple[str, str]:
    """Who one is to the broker where nobody says so: a command line can be read by every user of the machine."""
    return os.environ.get("FORECALM_MQTT_USERNAME", "forecalm"), os.environ.get("FORECALM_MQTT_PASSWORD", "forecalm")


def _credentials(text: str) -> tuple[str, str]:
    name, colon, password = text.partition(":")
    if not (name and colon and password):
        raise argparse.ArgumentTypeError("must be NAME:PASSWORD")
    return name, password
