"""A configuration in; what serves the board by TLS, kept in date, and the page that hands the authority over, out."""

import logging
import threading
import time
from contextlib import ExitStack
from ssl import SSLContext
from typing import Final, Self
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding

from console.errors import ConsoleError
from console.serve import run
from console.trust.page import Trust, trust_app
from forecalm.certificates.authority import fingerprint
from forecalm.certificates.errors import CertificateError
from forecalm.certificates.live import Live
from forecalm.certificates.secured import Hosts, facts_of, require_usable, source_of
from forecalm.config import Config

log = logging.getLogger(__name__)

PAGE_S: Final = 30.0  # for the page's port to be had or refused


class Serving:
    """Use as a context manager. Entering raises CertificateError where there is nothing to serve with; a page that
    cannot be served is said in the log, and nothing else depends on it."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.tls: SSLContext | None = None
        self.hosts = Hosts(config.console)
        self.shown = ""

    @property
    def hsts(self) -> bool:
        """Whether browsers may be told to ask by TLS only from now on. Not where this house vouches for itself:
        it would hold for the page that hands a new authority over, too, and leave no way past an end."""
        return self._config.console.secured in ("own", "acme")

    def __enter__(self) -> Self:
        config = self._config
        require_usable(config)
        with ExitStack() as stack:
            source = source_of(config)
            if source is not None:
                self.tls = stack.enter_context(Live(source, clock=time.time)).context
                self.shown = urlsplit(facts_of(config, now_s=time.time()).boards[0]).hostname or ""
            if config.console.secured == "local" and config.console.trust_port:
                self._start_page(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start_page(self, stack: ExitStack) -> None:
        said, stop, answered = self._config.console, threading.Event(), threading.Event()

        def serve() -> None:
            try:
                run(
                    trust_app(lambda: trust_of(self._config)),
                    hub=None,
                    host=said.host,
                    port=said.trust_port,
                    stop=stop,
                    ready=lambda _: answered.set(),
                    public=True,
                )
            except ConsoleError as error:
                log.error("tablets cannot be given this house's certificate by a page (console.trust_port): %s", error)
            finally:
                answered.set()

        page = threading.Thread(target=serve, name="trust page", daemon=True)
        page.start()
        stack.callback(page.join)
        stack.callback(stop.set)
        answered.wait(PAGE_S)


def trust_of(config: Config) -> Trust:
    """Return what tablets are told before they trust this house. Raises CertificateError where it has no authority."""
    facts = facts_of(config, now_s=time.time())
    if facts.authority is None:
        raise CertificateError(f'console.tls: "{facts.how}" has no authority of this house to give to tablets')
    return Trust(
        place=config.site.place,
        certificate=facts.authority.public_bytes(Encoding.DER),
        fingerprint=fingerprint(facts.authority),
        ends=f"{facts.authority.not_valid_after_utc:%d %B %Y}",
        boards=facts.boards,
        pages=facts.trust_pages,
    )
