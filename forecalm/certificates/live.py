"""A source of certificates in; a TLS context out that serves the newest of them, without a restart."""

import logging
import ssl
import threading
from collections.abc import Callable
from typing import Final, Self

from forecalm.certificates.errors import CertificateError
from forecalm.certificates.source import Source

log = logging.getLogger(__name__)

CHECK_S: Final = 3.0  # how soon a file that changed, or an address that is new, is served
LEAVE_S: Final = 1.0  # for a renewal that is under way to end with the service


class Live:
    """Serves what ``source`` has, looked at every ``check_s`` in a thread of its own. Use as a context manager:
    entering raises CertificateError where there is nothing to serve with; what fails later is said in the log, and what
    was served before is served on. ``clock`` gives UTC seconds.

    Each connection is given a context that was made whole before (``sni_callback`` runs for whoever sends no name,
    too): no handshake ever meets a certificate without its key.
    """

    def __init__(self, source: Source, *, clock: Callable[[], float], check_s: float = CHECK_S) -> None:
        self._source = source
        self._clock = clock
        self._check_s = check_s
        self._newest: ssl.SSLContext | None = None
        self._stamp: tuple[object, ...] = ()
        self._said = ""
        self._again = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="certificates", daemon=True)
        self.context = _made()
        self.context.sni_callback = self._choose

    def __enter__(self) -> Self:
        self.look()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(LEAVE_S)

    @property
    def trouble(self) -> str:
        """What is wrong with what is served, and the mend; "" where all is well."""
        return self._said

    def look(self) -> None:
        """Take up what the source has now. Raises CertificateError where it has nothing that serves."""
        with self._lock:
            pair = self._source.current(self._clock())
            try:
                stamp = pair.stamp()
                if stamp == self._stamp:
                    return
                made = _made()
                made.load_cert_chain(pair.certificate, pair.key)
                if self._newest is None:
                    self.context.load_cert_chain(pair.certificate, pair.key)
            except (OSError, ssl.SSLError) as error:
                raise CertificateError(f"{pair.certificate}: cannot be served with: {error}") from None
            self._newest, self._stamp = made, stamp

    def _choose(self, connection: ssl.SSLObject, _: str | None, __: ssl.SSLContext) -> None:
        if self._newest is not None:
            connection.context = self._newest

    def _run(self) -> None:
        while True:
            self._look_again()
            if self._stop.wait(self._check_s):
                return

    def _look_again(self) -> None:
        try:
            self._source.renew(self._clock())
            self.look()
            self._again, trouble = 0, self._source.trouble
        except Exception as error:  # whatever it is: were this thread to die of it, the certificate would end one night
            self._again += 1
            # two files are never replaced at the same moment: what fails once may be half of a change
            trouble = f"the certificate of before is served on: {error}" if self._again > 1 else self._said
        if trouble != self._said:
            self._said = trouble
            if trouble:
                log.error("%s", trouble)


def _made() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.options |= ssl.OP_NO_RENEGOTIATION
    made.set_alpn_protocols(["http/1.1"])
    return made
