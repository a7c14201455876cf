"""An ACME authority on loopback (RFC 8555): it checks signatures and nonces, asks for challenges, and signs."""

import base64
import json
import secrets
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import josepy
from acme import jws
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from forecalm.certificates.authority import Signed, make_authority, sign
from forecalm.certificates.names import named
from tests.servers import LONG_S

BAD = "urn:ietf:params:acme:error:"


class Refused(Exception):
    """What the authority answers instead."""

    def __init__(self, kind: str, detail: str, status: int = 403) -> None:
        super().__init__(detail)
        self.problem = {"type": BAD + kind, "detail": detail, "status": status}
        self.status = status


@dataclass
class Order:
    names: list[str]
    tokens: dict[str, str]
    valid: set[str] = field(default_factory=set)
    wrong: dict[str, str] = field(default_factory=dict)
    certificate: str = ""


@dataclass
class AcmeServer:
    """``asks_at`` is the port at which it asks for challenges; names are all this machine."""

    asks_at: int
    authority: Signed
    days: float = 90
    wants_account_of_elsewhere: bool = False
    address: str = ""
    accounts: dict[str, josepy.JWK] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    nonces: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    revealed: list[dict[str, Any]] = field(default_factory=list)

    def nonce(self) -> str:
        made = secrets.token_urlsafe(16)
        self.nonces.add(made)
        return made

    def directory(self) -> dict[str, Any]:
        kinds = ("newNonce", "newAccount", "newOrder", "revokeCert")
        meta = {"termsOfService": self.address + "/terms", "externalAccountRequired": self.wants_account_of_elsewhere}
        return {kind: f"{self.address}/{kind}" for kind in kinds} | {"meta": meta}

    def take(self, path: str, body: bytes) -> tuple[int, dict[str, str], Any]:
        """Answer a signed request: status, headers, and a body of JSON, or text."""
        signed = jws.JWS.json_loads(body.decode())
        said = signed.signature.combined
        if said.url != self.address + path:
            raise Refused("unauthorized", "signed for another address")
        nonce = base64.urlsafe_b64encode(said.nonce).rstrip(b"=").decode()
        if nonce not in self.nonces:
            raise Refused("badNonce", "this nonce is not mine, or was used", 400)
        self.nonces.discard(nonce)
        key = said.jwk if path == "/newAccount" else self.accounts.get(said.kid or "")
        if key is None or not signed.verify(key):
            raise Refused("unauthorized", "not signed by an account of mine")
        payload = json.loads(signed.payload or b"null")
        kind, _, rest = path.strip("/").partition("/")
        return getattr(self, f"_{kind}")(rest, payload, key)

    def _newAccount(self, _: str, payload: dict[str, Any], key: josepy.JWK) -> tuple[int, dict[str, str], Any]:
        known = {account: k for account, k in self.accounts.items() if k == key}
        if not payload.get("termsOfServiceAgreed"):
            raise Refused("userActionRequired", "the terms were not agreed to")
        self.revealed.append(payload)
        url = next(iter(known), f"{self.address}/account/{len(self.accounts)}")
        self.accounts[url] = key
        return 200 if known else 201, {"Location": url}, {"status": "valid"}

    def _newOrder(self, _: str, payload: dict[str, Any], __: josepy.JWK) -> tuple[int, dict[str, str], Any]:
        names = [each["value"] for each in payload["identifiers"]]
        self.orders.append(Order(names, {name: secrets.token_urlsafe(32) for name in names}))
        number = len(self.orders) - 1
        return 201, {"Location": f"{self.address}/order/{number}"}, self._of(number)

    def _order(self, rest: str, _: object, __: josepy.JWK) -> tuple[int, dict[str, str], Any]:
        return 200, {}, self._of(int(rest))

    def _of(self, number: int) -> dict[str, Any]:
        order = self.orders[number]
        at = f"{self.address}/%s/{number}"
        status = "valid" if order.certificate else "ready" if order.valid == set(order.names) else "pending"
        return {
            "status": status,
            "identifiers": [{"type": "dns", "value": name} for name in order.names],
            "authorizations": [f"{at % 'authz'}/{i}" for i in range(len(order.names))],
            "finalize": at % "finalize",
        } | ({"certificate": at % "certificate"} if order.certificate else {})

    def _authz(self, rest: str, _: object, __: josepy.JWK) -> tuple[int, dict[str, str], Any]:
        number, index = map(int, rest.split("/"))
        order = self.orders[number]
        name = order.names[index]
        status = "valid" if name in order.valid else "invalid" if name in order.wrong else "pending"
        challenge = {
            "type": "http-01",
            "status": status,
            "url": f"{self.address}/challenge/{number}/{index}",
            "token": order.tokens[name],
        }
        if name in order.wrong:
            challenge["error"] = {"type": BAD + "connection", "detail": order.wrong[name]}
        return 200, {}, {"status": status, "identifier": {"type": "dns", "value": name}, "challenges": [challenge]}

    def _challenge(self, rest: str, _: object, key: josepy.JWK) -> tuple[int, dict[str, str], Any]:
        number, index = map(int, rest.split("/"))
        order = self.orders[number]
        name, token = order.names[index], order.tokens[order.names[index]]
        self.asked.append(f"http://127.0.0.1:{self.asks_at}/.well-known/acme-challenge/{token}")
        proof = f"{token}.{base64.urlsafe_b64encode(key.thumbprint()).rstrip(b'=').decode()}"
        try:
            with urllib.request.urlopen(self.asked[-1], timeout=LONG_S) as answer:
                if answer.read().decode() == proof:
                    order.valid.add(name)
                else:
                    order.wrong[name] = "the proof is not of this account"
        except (OSError, urllib.error.URLError) as error:
            order.wrong[name] = f"cannot be asked: {type(error).__name__}"
        authorization = self._authz(rest, None, key)[2]
        up = {"Link": f'<{self.address}/authz/{rest}>;rel="up"'}
        return 200, up, authorization["challenges"][0]

    def _finalize(self, rest: str, payload: dict[str, Any], _: josepy.JWK) -> tuple[int, dict[str, str], Any]:
        order = self.orders[int(rest)]
        if order.valid != set(order.names):
            raise Refused("orderNotReady", "not every name was proved")
        padded = payload["csr"] + "=" * (-len(payload["csr"]) % 4)
        request = x509.load_der_x509_csr(base64.urlsafe_b64decode(padded))
        wanted = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        if sorted(wanted.get_values_for_type(x509.DNSName)) != sorted(order.names):
            raise Refused("badCSR", "for other names than were ordered", 400)
        order.certificate = self._signed(request, wanted)
        return 200, {"Location": f"{self.address}/order/{rest}"}, self._of(int(rest))

    def _certificate(self, rest: str, _: object, __: josepy.JWK) -> tuple[int, dict[str, str], Any]:
        return 200, {}, self.orders[int(rest)].certificate

    def _signed(self, request: x509.CertificateSigningRequest, wanted: x509.SubjectAlternativeName) -> str:
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "by ACME")]))
            .issuer_name(self.authority.certificate.subject)
            .public_key(request.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=self.days))
            .add_extension(wanted, critical=False)
            .sign(self.authority.key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM).decode() + self.authority.certificate_pem.decode()


def make_acme_authority(*names: str, now_s: float) -> Signed:
    return make_authority("a test", named(["localhost", "127.0.0.1", *names]), now_s=now_s)


@contextmanager
def acme_server(server: AcmeServer, folder: Path, now_s: float) -> Iterator[AcmeServer]:
    """Serve it by TLS, as directories are; its authority's certificate is in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    leaf = sign(server.authority, named(["127.0.0.1", "localhost"]), now_s=now_s)
    (folder / "directory.pem").write_bytes(leaf.key_pem + leaf.certificate_pem)
    (folder / "authority.crt").write_bytes(server.authority.certificate_pem)
    assert isinstance(server.authority.key, ec.EllipticCurvePrivateKey)

    class Handler(BaseHTTPRequestHandler):
        timeout = LONG_S

        def do_GET(self) -> None:
            self._answer(200, {}, server.directory())

        def do_HEAD(self) -> None:
            self._answer(200, {}, "")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                self._answer(*server.take(self.path, body))
            except Refused as refused:
                self._answer(refused.status, {}, refused.problem, "application/problem+json")

        def _answer(self, status: int, headers: dict[str, str], said: object, kind: str = "application/json") -> None:
            text = said if isinstance(said, str) else json.dumps(said)
            self.send_response(status)
            all_headers = {"Content-Type": kind, "Replay-Nonce": server.nonce(), **headers}
            for name, value in (all_headers | {"Content-Length": str(len(text.encode()))}).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "directory.pem")
    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    listening.socket = context.wrap_socket(listening.socket, server_side=True)
    server.address = f"https://127.0.0.1:{listening.server_address[1]}"
    thread = threading.Thread(target=listening.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
