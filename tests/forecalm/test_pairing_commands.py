"""Staff pair, swap and look for bands at the command line, with a real broker and a simulated gateway behind it."""

import io
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from console.pairing import fit, flow
from console.pairing.alone import Alone
from console.pairing.label import code_of
from console.pairing.line import Line
from console.pairing.nearby import Found
from forecalm.cli import main
from forecalm.commands import pairing_ear, pairing_offer, pairing_talk
from forecalm.commands.pairing_listed import listed
from forecalm.config import Config
from forecalm.installation import Installation
from ingest.control.messages import (
    BandStatus,
    Seen,
    band_status_topic,
    encode_message,
    gateway_topic,
)
from ingest.registry.consents import Consent, Scope
from ingest.registry.places import Gateway
from ingest.registry.registry import Registry
from tests.forecalm.pairing_house import House, heard_out
from tests.servers import LONG_S, free_port, mosquitto_at, until

pytestmark = pytest.mark.long

SEEN = Seen(band="c", profile="forecalm", address="00:11", heard_us=1)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """A house where Ann (w-1) wears a, and Bo (w-2) is known and wears nothing; nobody answers at its broker's port."""
    monkeypatch.setenv("FORECALM_DATA_FOLDER", str(tmp_path / "house"))
    monkeypatch.setenv("FORECALM_MQTT_PORT", str(free_port()))
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    installation = Installation(Config(data=str(tmp_path / "house")))
    with closing(installation.open_registry()) as registry:
        agreed = Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0)
        registry.pair(band="a", wearer="w-1", since_s=1.58e9, name="Ann", carers=[], consent=agreed, by="test")
        registry.add_wearer("w-2", "Bo", by="test")
        registry.give_consent("w-2", agreed, by="test")
    return installation


@pytest.fixture
def run(here: Installation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(*arguments: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        code = main(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def houses() -> Iterator[list[House]]:
    """Those of a test; they are closed at its end."""
    made: list[House] = []
    yield made
    for house in made:
        house.close()


@pytest.fixture
def heard(houses: list[House]) -> Iterator[list[str]]:
    """The topics of what commands have heard, each of which has heard first what the broker keeps of the houses."""
    with heard_out(houses) as topics:
        yield topics


@pytest.fixture
def broker(mosquitto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ExitStack]:
    """One where the configuration has it; closing what this gives ends it."""
    port = free_port()
    monkeypatch.setenv("FORECALM_MQTT_PORT", str(port))
    with ExitStack() as stack:
        stack.enter_context(mosquitto_at(mosquitto, tmp_path, port))
        yield stack


@pytest.fixture
def gateway(broker: ExitStack, heard: list[str], houses: list[House]) -> Callable[..., House]:
    """Gateways at it."""

    def make(*bands: str, tapped: str | None = None, worn: bool = True) -> House:
        port = int(os.environ["FORECALM_MQTT_PORT"])
        houses.append(House(port, bands=bands, tapped=tapped, worn=worn))
        return houses[-1]

    return make


@contextmanager
def registry_of(here: Installation) -> Iterator[Registry]:
    with closing(here.open_registry()) as registry:
        yield registry


def test_without_a_gateway_a_pairing_is_entered_and_said_to_be_unconfirmed(run: Run, here: Installation) -> None:
    code, out, _ = run("pair", "b", "w-2")
    assert code == 0
    assert "w-2 wears b from now on." in out
    assert "NOT CONFIRMED" in out
    assert "NO SERVICE RUNS HERE" in out
    code, out, _ = run("pair", "c", "w-2", "--instead-of", "b", "--json")
    assert json.loads(out)["gave_up"] == "b"
    assert json.loads(out)["confirmed"] is False
    with registry_of(here) as registry:
        assert {band: each.wearer for band, each in registry.worn(time.time()).items()} == {"a": "w-1", "c": "w-2"}


@pytest.mark.parametrize("typed", ["", "w-2\n", "yes\n", "ann\n"])
def test_a_band_is_not_taken_from_somebody_who_is_not_named(run: Run, here: Installation, typed: str) -> None:
    code, _, err = run("pair", "a", "w-2", "--no-confirm", typed=typed)
    assert code == 2
    assert "a is worn by w-1 (Ann) since" in err
    with registry_of(here) as registry:
        assert registry.wearer_of("a", time.time()) == "w-1"


@pytest.mark.parametrize(("options", "typed"), [((), "Ann\n"), ((), "w-1\n"), (("--from", "w-1"), "")])
def test_a_band_is_taken_from_whoever_is_named(
    run: Run, here: Installation, options: tuple[str, ...], typed: str
) -> None:
    code, out, err = run("pair", "a", "w-2", "--no-confirm", *options, typed=typed)
    assert code == 0, err
    assert "w-1 (Ann) no longer has a band" in out
    with registry_of(here) as registry:
        assert registry.wearer_of("a", time.time()) == "w-2"
        assert registry.band_of("w-1", time.time()) is None


@pytest.mark.parametrize("option", [("--from", "w-2"), ("--instead-of", "z")])
def test_what_is_said_to_be_taken_and_is_not_is_refused(run: Run, option: tuple[str, str]) -> None:
    code, _, err = run("pair", "a", "w-2", *option)
    assert code == 2
    assert option[0] in err


def test_a_band_for_a_time_ends_by_itself(run: Run, here: Installation) -> None:
    code, out, _ = run("pair", "b", "w-2", "--until", "2199-01-01T00:00Z", "--json")
    assert code == 0
    with registry_of(here) as registry:
        assert registry.band_of("w-2", time.time()) == ("b", json.loads(out)["since_s"], 7226582400.0)
    assert run("pair", "b", "w-2", "--until", "2001-01-01T00:00Z")[0] == 2


def test_a_time_that_is_past_is_refused_before_anybody_is_made_to_wear_the_band(
    run: Run, gateway: Callable[..., House]
) -> None:
    house = gateway("b", tapped="b")
    for time_said in ("2001-01-01T00:00Z", "tomorrow"):
        code, _, err = run("pair", "b", "w-2", "--until", time_said)
        assert code == 2
        assert f"--until {time_said}" in err.replace("'", "")
    assert house.commands == [], "nobody was asked to do anything"


class NoText(io.StringIO):
    """Standard input that holds bytes of no text: a scanner with another alphabet."""

    def readline(self, _: int | None = -1) -> str:  # type: ignore[override]
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")


@pytest.mark.parametrize("stdin", [None, NoText()])
def test_where_nobody_can_type_nothing_is_waited_for(
    here: Installation, stdin: io.StringIO | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", stdin)
    assert main(["pair", "a", "w-2", "--no-confirm"]) == 2
    assert "was not taken from them" in capsys.readouterr().err
    with registry_of(here) as registry:
        assert registry.wearer_of("a", time.time()) == "w-1"


def test_a_scanned_code_is_a_band_and_a_foreign_one_is_refused(run: Run) -> None:
    assert "w-2 wears b " in run("pair", code_of("b"), "w-2")[1]
    code, _, err = run("pair", "https://example.org/b", "w-2")
    assert code == 2
    assert "no code of a band" in err
    code, out, _ = run("unpair", code_of("b"))
    assert (code, "w-2 no longer wears b" in out) == (0, True)


def test_where_gateways_are_known_and_the_broker_is_not_there_nothing_is_entered_unconfirmed(
    run: Run, here: Installation
) -> None:
    with registry_of(here) as registry:
        registry.add_gateway(Gateway("g-1", "home", "hall"), by="test")
    code, _, err = run("pair", "b", "w-2")
    assert code == 2
    assert "no gateway can be heard" in err
    assert run("pair", "b", "w-2", "--no-confirm")[0] == 0


@pytest.mark.service
def test_with_a_gateway_a_band_is_confirmed_at_the_band_and_its_fit_is_said(
    run: Run, here: Installation, gateway: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "SHORTEST_S", 3)
    monkeypatch.setattr(fit, "judge", lambda _: (fit.Mend.FINE, ()))
    house = gateway("b", "c", tapped="b")
    code, out, err = run("pair", "b", "w-2", "--json", typed="\n")
    said = json.loads(out)
    assert code == 0, err
    assert (said["band"], said["wearer"], said["site"]) == ("b", "w-2", "home")
    assert (said["confirmed"], said["fit"]) == (True, "fine")
    assert "YES, THAT IS b" in err
    assert "Put it on w-2 (Bo)" in err
    assert ("b", "identify") in [(band, command.do) for band, command in house.commands]
    until(lambda: house.rosters[-1].pairing == [], "the band is still being paired")
    assert house.rosters[0].bands == ["a"]
    assert house.rosters[0].pairing == ["b"]
    for roster in house.rosters:
        assert "Bo" not in repr(roster)
    with registry_of(here) as registry:
        assert registry.wearer_of("b", time.time()) == "w-2"


@pytest.mark.service
def test_another_bands_gesture_pairs_nobody(
    run: Run, here: Installation, gateway: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "ATTEMPTS", 1)
    gateway("b", "c", tapped="c")
    code, out, err = run("pair", "b", "w-2", "--json")
    assert code == 1
    assert json.loads(out) == {
        "paired": False,
        "band": "b",
        "wearer": "w-2",
        "reason": "another band moved as asked, and not this one: look at the label of the one in your hand;"
        " nothing was entered",
    }
    assert "NOT PAIRED" in err
    with registry_of(here) as registry:
        assert registry.wearer_of("b", time.time()) is None


@pytest.mark.service
def test_a_swap_gives_up_the_old_band_in_the_moment_the_new_one_counts(
    run: Run, here: Installation, gateway: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "FIT_S", LONG_S)
    monkeypatch.setattr(fit, "LONGEST_S", 3)  # before anything is known of how it sits
    gateway("b", tapped="b", worn=False)
    code, out, err = run("swap", "a", "b", "--as-it-sits", "--json", typed="\n")
    assert code == 0, err
    said = json.loads(out)
    assert (said["wearer"], said["gave_up"], said["band"], said["fit"]) == ("w-1", "a", "b", "cannot tell yet")
    with registry_of(here) as registry:
        assert [(each.band, each.since_s, each.until_s) for each in registry.worn_by("w-1")] == [
            ("a", 1.58e9, said["since_s"]),
            ("b", said["since_s"], None),
        ], "no moment without a band, none with two"


@pytest.mark.service
@pytest.mark.parametrize(("options", "typed"), [(("--as-it-sits",), "\n"), ((), "\nok\nstop\n")])
def test_a_band_that_goes_out_of_reach_before_its_fit_check_is_not_entered_as_it_sits(
    run: Run,
    here: Installation,
    gateway: Callable[..., House],
    heard: list[str],
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    typed: str,
) -> None:
    monkeypatch.setattr(flow, "FIT_S", 0.5)
    house, told = gateway("b", tapped="b"), pairing_talk.Talk._tell
    lost = BandStatus(v=1, at_us=1, gateway="g-1", state="lost", since_us=1, reason="not heard")
    topic = band_status_topic("home", "b", "g-1")

    def tell(text: str) -> None:
        told(text)
        if "Put it on" in text:
            house.out_of_reach(topic, encode_message(lost))
            until(lambda: topic in heard)

    monkeypatch.setattr(pairing_talk.Talk, "_tell", staticmethod(tell))
    code, _, err = run("pair", "b", "w-2", *options, typed=typed)
    said = " ".join(err.split())
    assert (code, "Nothing of the band arrives" in said, "g-1 says: not heard." in said) == (1, True, True), said
    assert "Cannot tell yet" not in said
    assert "NOT PAIRED" in said
    assert ("It cannot be taken as it sits" in said) == (not options)
    with registry_of(here) as registry:
        assert registry.worn_by("w-2") == []


@pytest.mark.service
@pytest.mark.parametrize("options", [(), ("--no-confirm",)])
def test_while_somebody_else_pairs_another_pairing_is_refused_at_once_and_named(
    run: Run, here: Installation, gateway: Callable[..., House], options: tuple[str, ...]
) -> None:
    house = gateway("b", tapped="b")
    with Alone(here.folder).held("c", "Sam"):
        code, _, err = run("pair", "b", "w-2", *options)
    assert (code, "c is being paired by Sam: wait until that is done" in " ".join(err.split())) == (2, True), err
    assert house.rosters == [], "theirs stays on the air"
    with registry_of(here) as registry:
        assert registry.wearer_of("b", time.time()) is None


@pytest.mark.service
def test_bands_nearby_are_listed_with_who_wears_them_and_names_stay_here(
    run: Run, gateway: Callable[..., House], heard: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway("a", "b")
    look_at = Line.look_at

    def looked_at(line: Line, gateway: str, seconds: float) -> None:
        look_at(line, gateway, seconds)
        until(lambda: gateway_topic("home", gateway, "nearby") in heard)

    monkeypatch.setattr(Line, "look_at", looked_at)
    code, out, err = run("nearby", "--seconds", "0.1")
    assert code == 0, err
    free, how, worn, _ = out.splitlines()
    assert free.split() == ["1", "b", "free"]
    assert how.strip().startswith("near -60 dBm, battery 80 %, firmware 1.2.3")
    assert "a  worn by w-1 (Ann) since" in worn
    found = json.loads(run("nearby", "--seconds", "0.1", "--json")[1])
    assert [(each["band"], each["wearer"]) for each in found] == [("b", None), ("a", "w-1")]
    monkeypatch.setattr(pairing_talk, "LOOK_S", 0.1)
    code, _, err = run("pair", "-", "w-2", typed="https://example.org\n")
    assert code == 2
    assert "no code of a band" in err


@pytest.mark.service
def test_where_no_readings_come_it_says_what_the_gateway_says(
    run: Run, gateway: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    told, why = pairing_talk.Talk._tell, "no readings of it arrive"
    monkeypatch.setitem(flow._PATIENCE, flow.Stage.CONNECT, (LONG_S, why))

    def tell(text: str) -> None:
        told(text)
        if "says:" in text:
            monkeypatch.setitem(flow._PATIENCE, flow.Stage.CONNECT, (0.0, why))

    monkeypatch.setattr(pairing_talk.Talk, "_tell", staticmethod(tell))
    house = gateway("a")
    status = BandStatus(v=1, at_us=1, gateway="g-1", state="refused", since_us=1, reason="not bonded: hold it")
    house.keep(band_status_topic("home", "b", "g-1"), encode_message(status))
    code, _, err = run("pair", "b", "w-2")
    assert code == 1
    assert err.index("g-1 says: not bonded: hold it") < err.index("NOT PAIRED")
    assert "no readings of it arrive: g-1 says: not bonded: hold it; nothing was" in " ".join(err.split())
    assert "charged" not in err


@pytest.mark.service
def test_a_band_that_is_paired_without_a_gesture_is_offered_to_the_gateways_until_it_arrives(
    run: Run, gateway: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = gateway("b")
    code, out, err = run("pair", "b", "w-2", "--no-confirm", "--json")
    assert code == 0, err
    assert json.loads(out)["arrives"] is True
    until(lambda: house.rosters[-1].pairing == [], "the band is still being paired")
    assert any(roster.pairing == ["b"] for roster in house.rosters)
    monkeypatch.setattr(pairing_offer, "ARRIVES_S", 1.0)
    status = BandStatus(v=1, at_us=1, gateway="g-1", state="lost", since_us=1, seen=SEEN, bonded=0, adapters=1)
    house.keep(band_status_topic("home", "c", "g-1"), encode_message(status))
    code, out, err = run("pair", "c", "w-2", "--no-confirm", "--instead-of", "b", "--json")
    assert code == 1
    assert (json.loads(out)["paired"], json.loads(out)["arrives"]) == (True, False)
    assert "NOTHING OF IT ARRIVES: w-2 is not watched yet. it is heard, but no gateway could bond" in " ".join(
        err.split()
    )


@pytest.mark.service
def test_a_broker_that_dies_in_the_middle_is_blamed_and_not_the_band(
    run: Run, here: Installation, broker: ExitStack, gateway: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairing_talk, "AWAY_S", 0.5)
    gateway("b", worn=False)
    told = pairing_talk.Talk._tell

    def tell(text: str) -> None:
        told(text)
        if "in your hand" in text:
            broker.close()

    monkeypatch.setattr(pairing_talk.Talk, "_tell", staticmethod(tell))
    code, _, err = run("pair", "b", "w-2")
    at = f"127.0.0.1:{os.environ['FORECALM_MQTT_PORT']}"
    assert code == 1
    assert f"{at} has gone, so nothing of any band arrives; nothing was entered" in " ".join(err.split())
    assert "did not move" not in err
    with registry_of(here) as registry:
        assert registry.worn_by("w-2") == []


def test_a_list_of_bands_fits_a_terminal() -> None:
    seen = Seen(
        band="band-with-a-long-name-01",
        profile="forecalm",
        address="c0:01",
        heard_us=1,
        rssi=-70,
        battery=80,
        firmware="12.13.14-beta+2026-11-22",
        worn=True,
        charging=True,
        pairing=True,
    )
    near = [Found(seen.band, "kitchen-upstairs-left", (), seen, None)]
    lines = listed(near, {}, ZoneInfo("UTC")).splitlines()
    assert lines[0] == "  1  band-with-a-long-name-01  free"
    assert len(lines) == 3
    assert max(map(len, lines)) <= 80
    assert lines[-1].endswith("at kitchen-upstairs-left")


@pytest.mark.service
def test_a_gateway_that_is_known_and_not_there_is_named(run: Run, gateway: Callable[..., House]) -> None:
    house = gateway("b")
    house.go_offline()
    code, _, err = run("pair", "b", "w-2")
    assert code == 2
    assert "no gateway is online (g-1)" in err


@pytest.mark.service
def test_a_gateway_that_is_registered_and_never_heard_is_named_and_nothing_is_entered_unconfirmed(
    run: Run, here: Installation, broker: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairing_ear, "SPEAK_S", 0.1)
    with registry_of(here) as registry:
        registry.add_gateway(Gateway("g-1", "home", "hall"), by="test")
    with broker:
        code, _, err = run("pair", "b", "w-2")
    assert code == 2
    assert "no gateway is online (g-1)" in err
    with registry_of(here) as registry:
        assert registry.worn_by("w-2") == []


def test_a_label_is_printed_and_nothing_is_overwritten_by_a_slip(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "b.svg"
    assert run("label", "b", "--out", str(out))[0] == 0
    assert code_of("b").startswith("forecalm.b.")
    assert out.read_text().startswith("<svg")
    code, said, _ = run("label", "b", "--out", str(tmp_path / "b.png"))
    assert (code, "write the id beside it" in said) == (0, True)
    assert run("label", "b", "--out", str(tmp_path / "b.zip"))[0] == 2
    assert run("label", "no band", "--out", str(out))[0] == 2


def test_swapping_a_band_that_nobody_wears_is_refused(run: Run) -> None:
    code, _, err = run("swap", "z", "b")
    assert code == 2
    assert "nobody wears 'z'" in err
