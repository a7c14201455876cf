"""Tokens of an ACME order in, what its authority asks for by plain HTTP out (RFC 8555, 8.3); open while it lasts."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Self

from forecalm.certificates.errors import CertificateError

WHERE: Final = "/.well-known/acme-challenge/"
ASK_S: Final = 10.0  # for whoever asks to have asked


class Challenges:
    """Answers at ``host`` and ``port`` with ``answers``, by path, and with nothing else. Use as a context manager;
    entering raises CertificateError where the port cannot be had."""

    def __init__(self, host: str, port: int, answers: dict[str, bytes]) -> None:
        self._where = host, port
        self._answers = answers

    def __enter__(self) -> Self:
        host, port = self._where
        try:
            self._server = _Server((host, port), _handler(self._answers))
        except OSError as error:
            raise CertificateError(
                f"console.acme_port: {host} port {port}: {error.strerror}: the authority asks there; let this program"
                " have it (CAP_NET_BIND_SERVICE below 1024), or set another and forward port 80 to it"
            ) from None
        self._thread = threading.Thread(target=self._server.serve_forever, name="acme challenges", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """Whoever hangs up in the middle is no matter."""


def _handler(answers: dict[str, bytes]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = ASK_S

        def do_GET(self) -> None:
            answer = answers.get(self.path)
            self.send_response(404 if answer is None else 200)
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", str(len(answer or b"")))
            self.end_headers()
            self.wfile.write(answer or b"")

        def log_message(self, *_: object) -> None:
            """Anybody may ask; the order says how it went."""

    return Handler
