"""Names that the world knows in, certificates by ACME (RFC 8555, HTTP-01) out; the house's own until one is there.

Needs the extra ``acme``. The account's key and the certificate stay in the folder.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from forecalm.certificates.authority import left_s, names_in
from forecalm.certificates.challenges import WHERE, Challenges
from forecalm.certificates.errors import CertificateError
from forecalm.certificates.files import SECRET, keep
from forecalm.certificates.names import Names
from forecalm.certificates.source import Pair, Source, first_certificate

log = logging.getLogger(__name__)

LEFT_OF_LIFE: Final = 1 / 3  # what is left of its life when it is renewed, as Let's Encrypt advises
RETRY_S: Final = 3_600.0  # they allow five failures an hour for a name; another try a minute later helps nobody
ORDER_S: Final = 90.0  # for an order to go through
ASK_S: Final = 20  # for one answer of the authority's


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where certificates are ordered, and by whom. ``agreed``: to the authority's terms. ``ca`` is a PEM file of who
    vouches for the authority's own pages; "": whom this system trusts. ``host`` and ``port`` are where challenges are
    answered."""

    directory: str
    email: str
    agreed: bool
    ca: str
    host: str
    port: int


class ByAcme:
    """Certificates for ``names`` below ``folder``. Until the first is there, and where the last has ended,
    ``meanwhile`` serves: a board that a tablet has to be told to trust is better than none."""

    def __init__(self, folder: Path, account: Account, *, names: Names, meanwhile: Source) -> None:
        self._folder = folder
        self._account = account
        self._names = names
        self._meanwhile = meanwhile
        self._tried_s: float | None = None
        self.trouble = ""

    @property
    def leaf_file(self) -> Path:
        """What the board is served with: key, certificate, chain."""
        return self._folder / "acme.pem"

    @property
    def account_file(self) -> Path:
        """The account's key."""
        return self._folder / "acme-account.key"

    def current(self, now_s: float) -> Pair:
        """See ``Source``."""
        if self._left_s(now_s) > 0:
            return Pair(self.leaf_file, self.leaf_file)
        return self._meanwhile.current(now_s)

    def renew(self, now_s: float) -> None:
        """Order a certificate where one is due, and none was ordered in vain within ``RETRY_S``."""
        if not self._is_due(now_s):
            return
        if self._tried_s is not None and 0 <= now_s - self._tried_s < RETRY_S:
            return
        self._tried_s = now_s
        try:
            self.order()
            self.trouble, self._tried_s = "", None
        except Exception as error:  # of several libraries, and of whoever answers them
            log.debug("the order failed", exc_info=True)
            self.trouble = f"no certificate from {self._account.directory}: {_said(error)}; tried again within the hour"

    def order(self) -> None:
        """Order one now. Raises whatever goes wrong."""
        from acme import client, messages

        key = ec.generate_private_key(ec.SECP256R1())
        request = _request(self._names, key)
        speaks = self._client(client, messages)
        order = speaks.new_order(request)
        answers: dict[str, bytes] = {}
        asked = []
        for authorization in order.authorizations:
            if authorization.body.status == messages.STATUS_VALID:
                continue  # proved a moment ago, by an order that went no further
            challenge = _http_01(authorization)
            response, proof = challenge.response_and_validation(speaks.net.key)
            answers[WHERE + challenge.chall.encode("token")] = proof.encode()
            asked.append((challenge, response))
        with Challenges(self._account.host, self._account.port, answers):
            for challenge, response in asked:
                speaks.answer_challenge(challenge, response)
            done = speaks.poll_and_finalize(order, datetime.now() + timedelta(seconds=ORDER_S))  # noqa: DTZ005 - its own
        self._keep(done.fullchain_pem.encode(), key)

    def _client(self, client: Any, messages: Any) -> Any:  # noqa: ANN401 - an extra's, which may not be there
        from acme import errors
        from josepy.jwa import ES256
        from josepy.jwk import JWKEC

        key = JWKEC(key=self._account_key())
        verify: Any = self._account.ca or True
        net = client.ClientNetwork(key, alg=ES256, verify_ssl=verify, user_agent="forecalm", timeout=ASK_S)
        directory = client.ClientV2.get_directory(self._account.directory, net)
        speaks = client.ClientV2(directory, net)
        if speaks.external_account_required():
            raise CertificateError("it wants an account that was made elsewhere (EAB), which we have no way to give")
        wanted = messages.NewRegistration.from_data(
            email=self._account.email or None, terms_of_service_agreed=self._account.agreed
        )
        try:
            speaks.new_account(wanted)
        except errors.ConflictError as known:  # the account of before
            net.account = messages.RegistrationResource(uri=known.location, body=messages.Registration())
        return speaks

    def _account_key(self) -> ec.EllipticCurvePrivateKey:
        if not self.account_file.exists():
            made = ec.generate_private_key(ec.SECP256R1())
            keep(self.account_file, _pem(made), mode=SECRET)
        key = serialization.load_pem_private_key(self.account_file.read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise CertificateError(f"{self.account_file}: is no key of ours: take it away, and another is made")
        return key

    def _keep(self, chain: bytes, key: ec.EllipticCurvePrivateKey) -> None:
        """Keep what came, if it is for our key and our names: what is served now is better than anything else."""
        came = x509.load_pem_x509_certificates(chain)[0]
        if came.public_key() != key.public_key() or not names_in(came).covers(self._names):
            raise CertificateError("what came is not the certificate that was ordered")
        keep(self.leaf_file, _pem(key) + chain, mode=SECRET)
        log.info("a new certificate for %s", ", ".join(self._names.spoken))

    def _is_due(self, now_s: float) -> bool:
        try:
            leaf = first_certificate(self.leaf_file)
        except CertificateError:
            return True
        life_s = (leaf.not_valid_after_utc - leaf.not_valid_before_utc).total_seconds()
        return left_s(leaf, now_s) < life_s * LEFT_OF_LIFE or not names_in(leaf).covers(self._names)

    def _left_s(self, now_s: float) -> float:
        try:
            return left_s(first_certificate(self.leaf_file), now_s)
        except CertificateError:
            return 0.0


def _request(names: Names, key: ec.EllipticCurvePrivateKey) -> bytes:
    named: list[x509.GeneralName] = [x509.DNSName(host) for host in sorted(names.hosts)]
    named += [x509.IPAddress(address) for address in sorted(names.addresses, key=str)]
    made = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    made = made.add_extension(x509.SubjectAlternativeName(named), critical=not named)
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _http_01(authorization: Any) -> Any:  # noqa: ANN401 - an extra's
    from acme import challenges

    for challenge in authorization.body.challenges:
        if isinstance(challenge.chall, challenges.HTTP01):
            return challenge
    raise CertificateError(f"{authorization.body.identifier.value}: the authority offers no HTTP-01 challenge")


def _said(error: Exception) -> str:
    """What an error says, in one line; what the authority says of a name that it could not reach, its words first."""
    failed = getattr(error, "failed_authzrs", None)
    for authorization in failed or []:
        for challenge in authorization.body.challenges:
            if challenge.error is not None:
                return f"{authorization.body.identifier.value}: {challenge.error.detail}"
    if isinstance(error, ImportError):
        return "needs pip install 'forecalm[acme]'"
    return str(error).partition("\n")[0] or type(error).__name__


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
