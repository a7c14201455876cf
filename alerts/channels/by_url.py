"""A message in; it is handed to whichever service a contact's Apprise URL names (e-mail, SMS, ntfy, Telegram…) out.

Apprise says yes or no and swallows what its plugins meet; a no may be a refusal, a dead network or an answer that came
too late. Which of them is read from its log, that it keeps for us in memory and that goes nowhere else: it is full of
addresses, keys and texts. What is not understood counts as uncertain. A URL with several receivers is told as failed
where one of them failed, so it is never certain.
"""

import functools
import logging
import re
import threading
import warnings
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from importlib import import_module
from typing import Any, Final

from alerts.channels.bounded import bounded
from alerts.channels.channel import Because, ChannelError, Message
from alerts.channels.patience import Patience
from alerts.channels.saying import titled, within
from alerts.delivery.matter import Priority

log = logging.getLogger(__name__)

LOADING: Final = threading.Lock()
PATIENCE_S: Final = 15.0  # Apprise waits 4 s for a connection and 4 s for each part of an answer; e-mail has several
# Services that show something on the server itself: they say yes, and nobody is there.
REACH_NOBODY: Final = ("dbus", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows")
REFUSED_KEYS: Final = {
    "optional": "would call a failure a success",
    "retry": "would send again what nobody marks as a repeat: the site's rules do that",
}
BEFORE_IT_LEFT: Final = re.compile(
    r"NewConnectionError|ConnectTimeout|NameResolutionError|SSLError|CERTIFICATE_VERIFY_FAILED|Connection refused"
    r"|Name or service not known|Temporary failure in name resolution|No route to host|Network is unreachable"
)
TOO_LATE: Final = re.compile(r"timed out|timeout", re.IGNORECASE)
BROKEN_OFF: Final = re.compile(r"aborted|RemoteDisconnected|reset by peer|unexpectedly closed|Broken pipe")
FOREIGN: Final = re.compile(r"Payload|Headers|Response Details")  # what we or the service wrote, which may say anything
ANSWERED_NO: Final = re.compile(r"error[=:]\s?4\d\d|\(\s?[45]\d\d, b['\"]")  # a 4xx of HTTP; any no of an e-mail server


class ByUrl:
    """The channel of one name in contacts' ``reach``. ``address(to)`` gives the URL of a contact as the rules have it
    when a message goes; None or "" where they have none."""

    def __init__(self, address: Callable[[str], str | None], *, patience_s: float = PATIENCE_S) -> None:
        self._address = address
        self._patience = Patience(patience_s)

    def send(self, message: Message) -> None:
        """Hand ``message`` on. Raises ChannelError, which repeats neither the URL nor what the service said."""
        url = self._address(message.to)
        if not url:
            raise ChannelError(Because.UNKNOWN_RECEIVER, "the rules give no address for this contact", certain=True)
        wrong = check_url(url)
        if wrong is not None:
            raise ChannelError(Because.REFUSED, wrong, certain=True)
        self._patience.run(lambda: _notify(url, message, self._patience.most_s))


def check_url(url: str) -> str | None:
    """Say what is wrong with an Apprise URL and what would be right, without repeating any of it; None where it can be
    used. Whether anybody is reached by it only a test message tells."""
    schema, parted, rest = url.strip().partition("://")
    schema = schema.lower()
    if not parted or not rest:
        return "is no URL: write service://…, such as mailtos://user:password@example.org or ntfys://host/topic"
    known = _schemas()
    if schema in ("http", "https") and _service(url) is None:
        return "is the address of a web page: to post to one write json://… or jsons://…"
    if schema not in known and schema not in ("http", "https"):
        near = get_close_matches(schema, known, n=1)
        meant = f"did you mean {near[0]}://? " if near else ""
        return f"names a service that is not known: {meant}All are listed at https://appriseit.com/services"
    if schema in REACH_NOBODY:
        return f"{schema}:// shows messages on the server itself, where nobody is: name a service that reaches a person"
    service = _service(url)
    if service is None:
        return f"lacks something, or is written wrongly: {schema}:// is built as {_built(known[schema])}"
    for key, why in REFUSED_KEYS.items():
        if getattr(service, key, 0):
            return f"{key}= {why}: take it out of the URL"
    if not service.verify_certificate:
        return (
            "verify=no lets whoever sits between read it: take it out, and give this server the authority's certificate"
        )
    return None


@functools.cache
def _load() -> tuple[Any, dict[str, Any]]:
    """Apprise, and each service by what stands before ``://``; it takes a second, so nobody loads it who sends nothing.

    Its log is kept from all handlers. What it imports may be old, which is its makers' to mend.
    """
    logger = logging.getLogger("apprise")
    logger.setLevel(logging.DEBUG)  # for the copy in memory by which failures are told apart
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    for each in ("urllib3.connectionpool", "requests_oauthlib"):
        logging.getLogger(each).setLevel(logging.ERROR)  # their lower levels tell paths, and so keys
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        apprise = import_module("apprise")
        manager: Any = import_module("apprise.manager_plugins").NotificationManager()
        return apprise, {schema: manager[schema] for schema in manager.schemas()}


def _apprise() -> Any:  # noqa: ANN401 - Apprise has no types of its own that hold
    with LOADING:
        return _load()[0]


def _schemas() -> dict[str, Any]:
    with LOADING:
        return _load()[1]


def _built(plugin: Any) -> str:  # noqa: ANN401
    """How a plugin's URL is made, in its own words: {token} is to be replaced."""
    return " or ".join(str(each) for each in tuple(plugin.templates)[:2])


def _service(url: str) -> Any | None:  # noqa: ANN401
    """What sends to ``url``; None where Apprise cannot make it."""
    apprise = _apprise()
    asset = apprise.AppriseAsset(
        app_id="Forecalm",
        app_desc="Forecalm",
        app_url="",
        async_mode=False,
        http_redirects=False,  # a message goes where the rules say
        service_timeout=0,  # ``Patience`` bounds it: Apprise's own threads are shared, and a few that hang stop all
        allow_templates=False,  # nothing of the environment gets into a URL
        pgp_autogen=False,
        pem_autogen=False,
    )
    try:
        return apprise.Apprise.instantiate(url.strip(), asset=asset)
    except Exception as error:  # a plugin's own mistake, over something that is no URL: what it says may hold keys
        log.debug("a service cannot be made of an address: %s", type(error).__name__)
        return None


def _notify(url: str, message: Message, most_s: float) -> None:
    apprise = _apprise()
    service: Any = _service(url)
    sender = apprise.Apprise(service)
    with bounded(most_s):
        result = sender.notify(
            title=titled(message),
            body=_body(service, message),
            notify_type=_type(apprise, message),
            body_format=apprise.NotifyFormat.TEXT,
            log_level=logging.DEBUG,
        )
    if result:
        return
    said = [entry.message for each in result for attempt in each.attempts for entry in attempt.logs]
    raise why(said, receivers=len(service))


def _body(service: Any, message: Message) -> str:  # noqa: ANN401
    """Text and link; where the service has little room, the link is what must not be cut."""
    room = service.body_maxlen - len(message.link) - 1
    if not service.title_maxlen:  # such a service puts the title before the body
        room -= len(titled(message)) + 2
    body = within(message.body, room)
    return f"{body}\n{message.link}" if message.link else body


def why(said: Iterable[str], *, receivers: int) -> ChannelError:
    """What Apprise's log of a message that failed means; nothing of it is repeated."""
    text = "\n".join(line for line in said if not FOREIGN.search(line))
    one = receivers <= 1
    if BROKEN_OFF.search(text):
        return ChannelError(Because.UNREACHABLE, "the service broke off; it may have taken it", certain=False)
    if BEFORE_IT_LEFT.search(text):
        return ChannelError(Because.UNREACHABLE, "the service does not answer", certain=one)
    if ANSWERED_NO.search(text):
        return ChannelError(Because.REFUSED, "the service said no: look at address, key and quota", certain=one)
    if TOO_LATE.search(text):
        return ChannelError(Because.SILENT, "the service may have taken it", certain=False)
    return ChannelError(Because.REFUSED, "the service did not confirm it", certain=False)


def _type(apprise: Any, message: Message) -> Any:  # noqa: ANN401
    """Colours and pictures, where a service has them."""
    kinds = apprise.NotifyType
    if message.over:
        return kinds.SUCCESS
    return {Priority.HIGH: kinds.FAILURE, Priority.MEDIUM: kinds.WARNING, Priority.LOW: kinds.INFO}[message.priority]
