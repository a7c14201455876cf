"""forecalm certificate, the page that hands the authority over, and what the doctor and the configuration say."""

import hashlib
import json
import stat
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509

from console.errors import ConsoleError
from console.serve import run
from console.trust.page import Trust, trust_app
from forecalm.certificates.secured import Hosts, facts_of, reached
from forecalm.certificates.serving import Serving
from forecalm.cli import main
from forecalm.config import Config, ConfigError, ConsoleSection, load
from forecalm.doctor.certificate import certificate as examined
from forecalm.doctor.finding import Level
from tests.servers import LONG_S, free_port


@pytest.fixture
def at_home(tmp_path: Path) -> Path:
    """A configuration of a house that is served to its networks."""
    return written(tmp_path, f'host = "0.0.0.0"\nnames = ["board.home"]\ntrust_port = {free_port()}')


def written(tmp_path: Path, console: str) -> Path:
    path = tmp_path / "c.toml"
    path.write_text(f'data = "{tmp_path / "var"}"\n[site]\nplace = "Alder <House>"\n[console]\n{console}\n')
    return path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["certificate", *arguments]) == 0
    return capsys.readouterr().out


def test_show_tells_where_the_board_is_and_the_fingerprint_to_compare(
    at_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = json.loads(said(capsys, "show", "--config", str(at_home), "--json"))
    assert "https://board.home:8420/" in shown["boards"]
    assert "board.home" in shown["names"]
    kept = (Path(load(at_home).data) / "certificates" / "authority.crt").read_bytes()
    digest = hashlib.sha256(x509.load_pem_x509_certificate(kept).public_bytes(_der())).hexdigest().upper()
    assert shown["authority_fingerprint"].replace(":", "") == digest
    text = said(capsys, "show", "--config", str(at_home))
    assert shown["authority_fingerprint"] in text
    assert "PRIVATE" not in text


def _der() -> object:
    from cryptography.hazmat.primitives.serialization import Encoding

    return Encoding.DER


def test_renew_makes_another_certificate_and_only_with_a_word_another_authority(
    at_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(at_home)
    first = json.loads(said(capsys, "show", "--config", config, "--json"))
    second = json.loads(said(capsys, "renew", "--config", config, "--json"))
    third = json.loads(said(capsys, "renew", "--authority", "--config", config, "--json"))
    assert first["fingerprint"] != second["fingerprint"]
    assert first["authority_fingerprint"] == second["authority_fingerprint"] != third["authority_fingerprint"]


def test_a_picture_for_cameras_leads_to_the_page(
    at_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "/trust" in said(capsys, "qr", "--config", str(at_home))
    said(capsys, "qr", "--config", str(at_home), "--out", str(tmp_path / "trust.svg"))
    assert (tmp_path / "trust.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("console", "arguments", "told"),
    [
        ("", ["renew"], 'set console.host to "0.0.0.0"'),
        ("", ["qr"], 'set console.host to "0.0.0.0"'),
        ('host = "0.0.0.0"\ntrust_port = 0', ["qr"], "there is no page"),
        ('certificate = "a"\nkey = "b"', ["renew"], "put the new files where"),
        ('certificate = "a"\nkey = "b"', ["show"], "console.certificate: a: No such file"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], console: str, arguments: list[str], told: str
) -> None:
    assert main(["certificate", *arguments, "--config", str(written(tmp_path, console))]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1


# The page


@contextmanager
def page(trust: Trust, host: str = "127.0.0.1") -> Iterator[str]:
    stop, ready = threading.Event(), threading.Event()
    where: list[str] = []

    def begun(address: str) -> None:
        where.append(address)
        ready.set()

    app = trust_app(lambda: trust)
    named = {"hub": None, "host": host, "port": 0, "stop": stop, "ready": begun, "public": True}
    thread = threading.Thread(target=lambda: run(app, **named))  # type: ignore[arg-type]
    thread.start()
    try:
        assert ready.wait(30)
        yield where[0]
    finally:
        stop.set()
        thread.join(30)


TRUST = Trust(
    place="<script>alert(1)</script> & Söhne",
    certificate=b"\x30\x82 not parsed here",
    fingerprint=":".join(f"{n:02X}" for n in range(32)),
    ends="01 May 2036",
    boards=("https://192.168.1.20:8420/", "https://board.local:8420/"),
    pages=("http://192.168.1.20:8421/trust",),
)


def asked(address: str) -> tuple[int, str, bytes]:
    try:
        with urllib.request.urlopen(address, timeout=LONG_S) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read()


def test_the_page_hands_over_the_certificate_the_fingerprint_and_the_way_and_nothing_else() -> None:
    with page(TRUST) as address:
        status, _, body = asked(address + "trust")
        assert status == 200
        text = body.decode()
        for part in (*TRUST.halves, *TRUST.boards, TRUST.pages[0], TRUST.ends, "not a medical device"):
            assert part in text
        for system in ("Android", "iPad", "Windows", "Chrome"):
            assert system in text
        assert "<script>" not in text
        assert asked(address + "trust/authority.crt") == (200, "application/x-x509-ca-cert", TRUST.certificate)
        assert asked(address + "trust/qr.svg")[1] == "image/svg+xml"
        for path in ("board", "trust/authority.key", "static/board.css", "trust/../c.toml", "api/v1/matters"):
            assert asked(address + path)[0] == 404, path


def test_the_board_itself_is_never_served_off_this_machine_in_the_clear() -> None:
    with pytest.raises(ConsoleError, match="without TLS"):
        run(trust_app(lambda: TRUST), hub=None, host="0.0.0.0", port=0, stop=threading.Event())  # noqa: S104


def test_a_house_hands_over_its_own_authority_and_a_page_whose_port_is_taken_stops_nothing(
    at_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = load(at_home)
    with Serving(config) as first:
        assert first.tls is not None
        assert not first.hsts
        assert "board.home" in first.hosts
        assert "evil.example.org" not in first.hosts
        handed = asked(f"http://127.0.0.1:{config.console.trust_port}/trust/authority.crt")[2]
        authority = facts_of(config, now_s=time.time()).authority
        assert authority is not None
        assert x509.load_der_x509_certificate(handed) == authority
        with Serving(config) as second:
            assert second.tls is not None
        assert "console.trust_port" in caplog.text


def test_on_loopback_nothing_is_made_and_nothing_is_served_but_the_board(tmp_path: Path) -> None:
    config = load(written(tmp_path, ""))
    with Serving(config) as served:
        assert served.tls is None
    assert not (tmp_path / "var").exists()


def test_an_address_that_the_network_gives_later_is_one_of_the_boards_names(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s, found = [0.0], {"127.0.0.1"}
    monkeypatch.setattr("forecalm.certificates.secured.wanted_names", lambda _: _Spoken(tuple(found)))
    hosts = Hosts(ConsoleSection(), clock=lambda: now_s[0])
    found.add("192.168.1.30")
    assert "192.168.1.30" not in hosts
    now_s[0] = 6.0
    assert "192.168.1.30" in hosts
    assert set(hosts) == found


class _Spoken:
    def __init__(self, spoken: tuple[str, ...]) -> None:
        self.spoken = spoken


# The configuration


@pytest.mark.parametrize(
    ("console", "told"),
    [
        ('host = "0.0.0.0"\ntls = "off"', r"console\.tls: .*passwords, names and alerts would cross the network"),
        ('tls = "own"', r"console\.certificate: .*name both files"),
        ('tls = "own"\ncertificate = "a"', r"console\.key: .*name both files"),
        ('tls = "local"\ncertificate = "a"', r'console\.certificate: .*set tls = "own"'),
        ('tls = "acme"', r"console\.names: .*board\.example\.org"),
        ('tls = "acme"\nnames = ["b.example"]', r"console\.acme_agree: .*terms"),
        ('tls = "acme"\nnames = ["b.example"]\nacme_agree = true\nacme_directory = "http://x"', "acme_directory"),
        ('host = "0.0.0.0"\nport = 8421', r"console\.trust_port: 8421"),
        ('names = ["http://board"]', r"console\.names: .*neither a host name nor an address"),
        ('host = "no such"', r"console\.host: "),
        ('tls = "on"', r"console\.tls"),
    ],
)
def test_a_configuration_that_cannot_be_served_is_refused_by_its_key(tmp_path: Path, console: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        load(written(tmp_path, console), {})


@pytest.mark.parametrize(
    ("said", "how"),
    [
        ({}, "off"),
        ({"host": "::1"}, "off"),
        ({"host": "0.0.0.0"}, "local"),  # noqa: S104
        ({"host": "192.168.1.20"}, "local"),
        ({"tls": "local"}, "local"),
        ({"certificate": "a", "key": "b"}, "own"),
    ],
)
def test_by_itself_a_house_is_served_in_the_clear_to_itself_alone(said: dict[str, str], how: str) -> None:
    assert ConsoleSection(**said).secured == how  # type: ignore[arg-type]


def test_names_come_from_the_environment_with_commas(tmp_path: Path) -> None:
    assert load(None, {"FORECALM_CONSOLE_NAMES": "board.home,10.0.0.7"}).console.names == ("board.home", "10.0.0.7")


def test_tablets_are_sent_to_an_address_that_others_reach_or_to_none(at_home: Path) -> None:
    config, now_s = load(at_home), time.time()
    assert reached(config, now_s=now_s) == facts_of(config, now_s=now_s).boards[0]
    assert reached(Config(data=config.data), now_s=now_s) == ""


# The doctor


def test_the_doctor_tells_of_a_certificate_what_is_and_what_will_be_wrong(at_home: Path) -> None:
    config, now_s = load(at_home), time.time()
    (first,) = examined(config, now_s)
    assert first.level is Level.NOTE
    assert not config.folder.exists(), "who looks makes nothing"
    facts_of(config, now_s=now_s)
    (well,) = examined(config, now_s)
    assert well.level is Level.OK
    (late,) = examined(config, now_s + 91 * 86_400)
    assert late.level is Level.WARNING
    key = config.folder / "certificates" / "authority.key"
    key.chmod(0o644)
    (_, open_to_all) = examined(config, now_s)
    assert open_to_all.level is Level.FAILURE
    assert "chmod 600" in open_to_all.mend
    assert stat.S_IMODE(key.stat().st_mode) == 0o644, "who looks changes nothing"


def test_the_doctor_tells_of_own_and_ordered_certificates_that_are_not_there(tmp_path: Path) -> None:
    (own,) = examined(load(written(tmp_path, 'certificate = "nowhere.crt"\nkey = "k"')), time.time())
    assert own.level is Level.FAILURE
    assert "nowhere.crt" in own.what
    acme = written(tmp_path, 'tls = "acme"\nnames = ["b.example"]\nacme_agree = true')
    (ordered,) = examined(load(acme), time.time())
    assert ordered.level is Level.WARNING
    (loopback,) = examined(load(written(tmp_path, "")), time.time())
    assert loopback.level is Level.NOTE
