"""What can be asked for of bands on the command line: simulate, pair and what goes with it, gateways; light."""

from pathlib import Path
from typing import Any, Final

from forecalm.arguments_said import (
    CA,
    TLS,
    above_0,
    add_config,
    add_json,
    add_tls,
    add_while_stdin,
    command,
    count,
    credentials,
    name,
    path,
    port,
    user,
)

MOMENT: Final = "ISO 8601 by the clock of the site (2026-05-06T14:02), or with an offset"
USER: Final = "better as FORECALM_MQTT_USERNAME and FORECALM_MQTT_PASSWORD in the environment"


def add_simulating(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    simulate = command(commands, "simulating", "simulate", "simulated bands: over MQTT, over Bluetooth, or as files")
    simulate.add_argument(
        "--scenario", default="first_light", help="a name, or a TOML file: docs/scenarios.md (default: first_light)"
    )
    simulate.add_argument("--wearers", type=count, help="how many (default: as the scenario says)")
    simulate.add_argument("--seed", type=int, default=11, help="the same seed, the same people (default: 11)")
    simulate.add_argument(
        "--transport",
        choices=("mqtt", "ble", "e4", "parquet"),
        default="mqtt",
        help="how it leaves: live over MQTT or Bluetooth; as E4 sessions or as an export on disk (default: mqtt)",
    )
    simulate.add_argument("--out", type=Path, metavar="FOLDER", help="where files go: a new or empty folder")
    simulate.add_argument(
        "--labels", type=Path, metavar="FILE.csv", help="of files: write there what an observer would say of everybody"
    )
    simulate.add_argument("--truth", type=Path, metavar="FILE.parquet", help="write there what was so at every moment")
    simulate.add_argument("--speed", type=above_0, default=1.0, help="times real time (files: as fast as it goes)")
    simulate.add_argument(
        "--seconds", type=above_0, help="stop after that long (default: until Ctrl-C; of files an hour)"
    )
    simulate.add_argument("--boot", type=int, help="the bands' boot id (default: the time: every run a new boot)")
    simulate.add_argument("--host", default="127.0.0.1")
    simulate.add_argument("--port", type=port, default=1883)
    simulate.add_argument("--user", type=credentials, default=user(), metavar="NAME:PASSWORD", help=USER)
    add_tls(simulate)
    simulate.add_argument("--site", default="home", help="as in the configuration of the service (default: home)")
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
        "--air", type=port, metavar="PORT", help="where the simulated radio is (default: a free port)"
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
    add_while_stdin(simulate)


def add_pairing(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    near = command(commands, "pairing", "nearby", "the bands on the radio of this site's gateways, and who wears them")
    near.add_argument("--seconds", type=above_0, default=4.0, metavar="S", help="how long to look (default: 4)")

    pair = command(commands, "pairing", "pair", "say who wears a band from now on, confirmed at the band")
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

    swap = command(commands, "pairing", "swap", "give the wearer of a band another one, to wash or charge the old one")
    swap.add_argument("old", metavar="OLD", help="the band that is worn, by id or scanned code")
    swap.add_argument("new", metavar="NEW", help="the other one; -: pick it from those nearby, or scan it")

    for each in (pair, swap):
        each.add_argument("--until", metavar="TIME", help=f"when it ends by itself (default: never); {MOMENT}")
        each.add_argument(
            "--from", dest="from_wearer", metavar="WEARER", help="it is taken from this wearer, without being asked"
        )
        each.add_argument("--as-it-sits", action="store_true", help="take it though the fit check finds fault")
        each.add_argument(
            "--no-confirm", action="store_true", help="without gesture and fit check; so too where no gateway is known"
        )

    unpair = command(commands, "pairing", "unpair", "say that nobody wears a band any more")
    unpair.add_argument("band", help="the band's id or scanned code")

    label = command(commands, "pairing", "label", "a sticker with a band's code, to scan it by")
    label.add_argument("band", help="the band's id, as in its topic")
    label.add_argument(
        "--out",
        type=path,
        metavar="FILE.svg",
        help="with the id beneath the code; .png: the code alone (default: BAND.svg)",
    )

    for each in (near, pair, swap, unpair):
        add_config(each)
    for each in (near, pair, swap, unpair, label):
        add_json(each)


def add_sources(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    lsl = command(commands, "sources", "lsl", "be the gateway of Lab Streaming Layer streams (needs the extra formats)")
    lsl.add_argument("--name", help="take the streams of this name only")
    lsl.add_argument("--type", help="take the streams of this type only")
    lsl.add_argument("--source-id", metavar="ID", help="take the streams of this source id only")
    lsl.add_argument("--band", help="the one band that all of them make (default: each source id is a band)")
    lsl.add_argument("--map", type=Path, metavar="FILE.toml", help="which channel is which: see docs/guides/lsl.md")
    lsl.add_argument("--peers", metavar="HOST,...", help="look on these computers, where there is no multicast")
    lsl.add_argument("--list", action="store_true", help="say which streams there are, and what would be taken")
    lsl.add_argument("--wait", type=above_0, default=2.0, metavar="S", help="how long to look for --list (default: 2)")
    lsl.add_argument("--host", default="127.0.0.1", help="of the broker")
    lsl.add_argument("--port", type=port, default=1883)
    lsl.add_argument("--user", type=credentials, default=user(), metavar="NAME:PASSWORD", help=USER)
    add_tls(lsl)
    lsl.add_argument("--site", default="home", help="as in the configuration of the service (default: home)")
    lsl.add_argument(
        "--gateway", type=name, help="what this gateway is called (default: lsl- and this computer's name)"
    )
    lsl.add_argument(
        "--spool", type=Path, metavar="FOLDER", help="keep on disk what is not stored yet (default: in memory)"
    )
    lsl.add_argument("--seconds", type=above_0, help="stop after that long (default: until Ctrl-C)")
    lsl.add_argument("--json", action="store_true", help="print what was sent, or found, as one JSON line")


def add_gateway(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    gateway = command(
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
    gateway.add_argument("--port", type=port, help="(default: 1883)")
    gateway.add_argument("--user", type=credentials, metavar="NAME:PASSWORD", help="better in the file: ps shows it")
    gateway.add_argument("--tls", action="store_const", const=True, help=TLS)
    gateway.add_argument("--ca", metavar="FILE", help=CA)
    gateway.add_argument("--site", type=name, help="(default: home)")
    gateway.add_argument("--name", type=name, help="of this gateway (default: gw- and this computer's name)")
    gateway.add_argument("--data", metavar="FOLDER", help="where it keeps what is not stored (default: var/gateway)")
    gateway.add_argument("--json", action="store_true", help="print what was done as one JSON line at the end")
