"""A broker in, a paho client that speaks TLS to it, and words for why it could not, out.

The broker's certificate is always verified, and that it is for the name by which we know the broker: there is no way to
switch that off. Without it whoever sits between could read on, or pass for the broker.
"""

import ssl
import threading
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode

from ingest.errors import SourceError
from ingest.sending.broker import Broker

EXPIRED: Final = 10  # X509_V_ERR_CERT_HAS_EXPIRED and the next: numbers of OpenSSL's x509_vfy.h
NOT_YET_VALID: Final = 9
OTHER_NAME: Final = 62
OTHER_ADDRESS: Final = 64


def context(ca: str) -> ssl.SSLContext:
    """Return what verifies a broker by the authorities in the PEM file ``ca`` alone ("": the system's); TLS from 1.2.

    Raises SourceError, naming the file, where it cannot be read or holds no certificate.
    """
    try:
        made = ssl.create_default_context(cafile=ca or None)
    except ssl.SSLError:
        raise SourceError(f"ca: {ca}: holds no certificate in PEM form: name the authority's, such as ca.crt") from None
    except OSError as error:
        raise SourceError(f"ca: {ca}: {error.strerror}: name the authority's certificate, such as ca.crt") from None
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.options |= ssl.OP_NO_RENEGOTIATION  # so that reading never has to wait until it may write
    return made


def why_not(error: OSError, broker: Broker) -> str:
    """Say in words why a handshake with ``broker`` failed, and the mend."""
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in (OTHER_NAME, OTHER_ADDRESS):
            return (
                f"its certificate is for another name than {broker.host}: set mqtt.host (--host) to the name in it,"
                f" or make one with {broker.host} as subjectAltName"
            )
        if error.verify_code in (EXPIRED, NOT_YET_VALID):
            return (
                f"its certificate cannot be used now ({error.verify_message}): make a new one, or set the clock of this"
                " computer right"
            )
        by = broker.ca or "the authorities of this system"
        return (
            f"its certificate is not trusted by {by} ({error.verify_message}): set mqtt.ca (--ca) to the authority's"
            " that signed it"
        )
    what = getattr(error, "reason", None) or error.strerror or error
    return (
        f"it does not speak TLS with us ({what}): set mqtt.port (--port) to its port for TLS, most often 8883, or take"
        " mqtt.tls (--tls) out where it has none"
    )


class TlsClient(paho.Client):
    """paho's client; once told to be ``secure`` it speaks TLS only. Whoever leaves need not wait for its next try."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - paho's own
        super().__init__(*arguments, **named)
        self.trouble: str | None = None  # why the last connection came to no TLS, with the mend
        self._secured: tuple[Broker, ssl.SSLContext] | None = None
        self._leaving = threading.Event()

    def secure(self, broker: Broker) -> None:
        """Speak TLS where ``broker`` is to. Raises SourceError where its authority cannot be read."""
        if broker.tls:
            self._secured = broker, context(broker.ca)
            self.tls_set_context(self._secured[1])

    def connect_async(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - paho's own
        self._leaving.clear()
        super().connect_async(*arguments, **named)

    def disconnect(self, *arguments: Any, **named: Any) -> MQTTErrorCode:  # noqa: ANN401 - paho's own
        self._leaving.set()
        return super().disconnect(*arguments, **named)

    def _reconnect_wait(self) -> None:
        """As paho does it, twice as long each time; but it sleeps through a ``disconnect``, for a second at most."""
        with self._reconnect_delay_mutex:
            before_s = self._reconnect_delay
            delay_s = self._reconnect_min_delay if before_s is None else min(2 * before_s, self._reconnect_max_delay)
            self._reconnect_delay = delay_s
        self._leaving.wait(delay_s)

    def _create_socket(self) -> Any:  # noqa: ANN401 - paho's own type of socket
        self.trouble = None
        return super()._create_socket()

    def _ssl_wrap_socket(self, tcp_sock: Any) -> ssl.SSLSocket:  # noqa: ANN401 - paho's own type of socket
        """As paho does it; but one that fails is closed, and said why."""
        if self._secured is None:
            return super()._ssl_wrap_socket(tcp_sock)
        broker, verified_by = self._secured
        wrapped = verified_by.wrap_socket(tcp_sock, server_hostname=broker.host, do_handshake_on_connect=False)
        try:
            wrapped.settimeout(self._connect_timeout)
            wrapped.do_handshake()
        except OSError as error:
            self.trouble = why_not(error, broker)
            wrapped.close()
            raise
        return wrapped
