"""A server by TLS on loopback, and clients who look at what it shows them."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography import x509

from tests.servers import LONG_S


@contextmanager
def echoing(context: ssl.SSLContext) -> Iterator[int]:
    """Say back whatever comes, to anybody, at the port that is given."""
    listening = socket.create_server(("127.0.0.1", 0))

    def echo(plain: socket.socket) -> None:
        with suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
            while said := connection.recv(1024):
                connection.sendall(said)

    def accept() -> None:
        with suppress(OSError):
            while True:
                plain, _ = listening.accept()
                threading.Thread(target=echo, args=(plain,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(LONG_S)


def trusting(authority: bytes) -> ssl.SSLContext:
    """Who trusts this authority (PEM), and no other."""
    return ssl.create_default_context(cadata=authority.decode())


def shown(port: int, client: ssl.SSLContext, name: str = "localhost", *, names_it: bool = True) -> x509.Certificate:
    """The certificate that a client is shown who asks for ``name``; ssl.SSLError where it is not trusted."""
    with socket.create_connection(("127.0.0.1", port), timeout=LONG_S) as plain:
        client.check_hostname = names_it
        with client.wrap_socket(plain, server_hostname=name if names_it else None) as connection:
            came = connection.getpeercert(binary_form=True)
    assert came is not None
    return x509.load_der_x509_certificate(came)


def serving(path: Path) -> ssl.SSLContext:
    """A server with the key and certificate in ``path``."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(path)
    return made
