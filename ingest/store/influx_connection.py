"""Line protocol in, rows of InfluxQL out: the two ways in which we talk to an InfluxDB server, 1.8, 2.x or 3.x.

Written by influxdb-client's WriteApi (``/api/v2/write``), read over ``/query``: docs/decisions/024.
"""

import logging
import re
import time
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

import msgspec
import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from ingest.errors import StoreError

log = logging.getLogger(__name__)

BODY_MAX: Final = 2_000_000  # bytes of one write: some 20,000 points, well under what servers and proxies take
TIMEOUT_S: Final = 30.0  # a write or an answer that takes longer: the server is as good as away
WAIT_MAX_S: Final = 300.0  # the longest that a server may ask us to stay away
CONNECTIONS: Final = 4  # the settling, a few readers

MENDS: Final = {
    400: "what it says of the points is the mend: field types, retention of the bucket",
    401: "the token is not valid there",
    403: "the token may not do this in that bucket",
    404: "there is no such bucket, or no DBRP mapping for it: see docs/guides/influxdb.md",
    413: "it takes only smaller requests: raise its limit (1.x: max-body-size)",
    422: "points lie outside the retention of the bucket: let it keep as long as the site's readings are kept",
    429: "it is asked too much of; what is written waits in the inbox",
    503: "it is overloaded or starting; what is written waits in the inbox",
}


class _Series(msgspec.Struct):
    values: msgspec.Raw = msgspec.Raw(b"[]")
    tags: dict[str, str] = {}


class _Result(msgspec.Struct):
    series: list[_Series] = []
    error: str | None = None
    partial: bool = False


class _Answer(msgspec.Struct):
    results: list[_Result] = []
    error: str | None = None


_ANSWER = msgspec.json.Decoder(_Answer)
_MINUS_ZERO: Final = re.compile(rb"(?<=[,\[])-0(?=[,\]])")


def _with_signs(values: bytes, kinds: Sequence[type | types.UnionType]) -> bytes:
    """Write -0, which is an integer in JSON and has no sign as such, as the float that it was; strings stay."""
    if str in kinds or b"-0" not in values:
        return values
    return _MINUS_ZERO.sub(b"-0.0", values)


class InfluxConnection:
    """A bucket of the InfluxDB at ``url``. Safe to share between threads; makes no request before it is asked to.

    ``token`` is that of 2.x and 3.x, ``user:password`` on 1.8, None where nothing is asked for. ``bucket`` is
    ``database`` or ``database/retention policy`` on 1.8; on 2.x its DBRP mapping must carry the same name. What is
    written is compressed (``gzip``) unless that is said otherwise, or the server is on this machine. Every method
    raises StoreError, naming the server, the bucket and the mend and never the token. A server that asks for patience
    (Retry-After) is left alone so long: until then everything fails at once.
    """

    def __init__(
        self,
        *,
        url: str,
        bucket: str,
        token: str | None = None,
        org: str | None = None,
        verify_ssl: bool = True,
        gzip: bool | None = None,
        timeout_s: float = TIMEOUT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise StoreError(f"store.url: {parts.scheme}://{parts.hostname or ''} is no http:// or https:// address")
        if parts.username or parts.password:
            raise StoreError("store.url: holds a user or a password: put user:password in the token instead")
        is_here = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if parts.scheme == "http" and token and not is_here:
            log.warning("%s: the token and all readings travel unencrypted: use https://", url)
        self._url, self._bucket, self._token, self._clock = url.rstrip("/"), bucket, token, clock
        self._not_before_s = -float("inf")
        client: Any = InfluxDBClient  # it has types for some of what it does
        self._client = client(
            url=self._url,
            token=token,
            org=org or "-",  # required by 2.x only
            enable_gzip=not is_here if gzip is None else gzip,
            timeout=int(timeout_s * 1000),
            verify_ssl=verify_ssl,
        )
        self._writer: Any = self._client.write_api(write_options=SYNCHRONOUS)
        self._pool = urllib3.PoolManager(
            maxsize=CONNECTIONS,
            retries=False,
            timeout=timeout_s,
            cert_reqs="CERT_REQUIRED" if verify_ssl else "CERT_NONE",
            headers={"Accept": "application/json"} | ({"Authorization": f"Token {token}"} if token else {}),
        )

    def write(self, text: bytes) -> None:
        """Write lines of line protocol, in requests of at most ``BODY_MAX`` bytes; on disk when this returns."""
        begin = 0
        while begin < len(text):
            end = len(text) if len(text) - begin <= BODY_MAX else text.rfind(b"\n", begin, begin + BODY_MAX) + 1
            if end <= begin:  # a line of more than that
                end = text.find(b"\n", begin) + 1 or len(text)
            self._post(text[begin:end])
            begin = end

    def _post(self, body: bytes) -> None:
        self._require_patience()
        try:
            self._writer.write(bucket=self._bucket, record=body, write_precision="ns")
        except ApiException as error:
            headers: Any = error.headers or {}
            self._fail("refused to write", error.status or 0, str(error.message), headers.get("Retry-After"))
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._away(error) from None

    def rows(
        self, query: str, *kinds: type | types.UnionType
    ) -> Iterator[tuple[dict[str, str], list[tuple[Any, ...]]]]:
        """Yield the tags and the rows of each series that an InfluxQL SELECT finds. A row begins with its time, int
        [ns]; ``kinds`` are the types of its other columns, such as ``float`` or ``int | None``."""
        rows = types.GenericAlias(list, (types.GenericAlias(tuple, (int, *kinds)),))
        for series in self._ask("GET", query):
            try:
                yield series.tags, msgspec.json.decode(_with_signs(bytes(series.values), kinds), type=rows)
            except msgspec.MsgspecError as error:
                raise StoreError(f"{self}: values of another type than ours lie there: {error}") from None

    def run(self, statement: str) -> None:
        """Run one InfluxQL statement that changes something."""
        self._ask("POST", statement)

    def _ask(self, method: str, query: str) -> list[_Series]:
        self._require_patience()
        database, _, policy = self._bucket.partition("/")
        fields = {"db": database, "q": query, "epoch": "ns", "chunked": "true"} | ({"rp": policy} if policy else {})
        try:
            how: dict[str, Any] = {"encode_multipart": False} if method == "POST" else {}
            answer = self._pool.request(method, f"{self._url}/query", fields=fields, **how)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._away(error) from None
        if answer.status != 200:
            said = answer.data[:500].decode(errors="replace")
            self._fail("refused to answer", answer.status, said, answer.headers.get("Retry-After"))
        return self._series(answer.data)

    def _series(self, data: bytes) -> list[_Series]:
        try:
            answers = [_ANSWER.decode(line) for line in data.splitlines() if line.strip()]
        except msgspec.MsgspecError as error:
            raise StoreError(f"{self}: the answer is not InfluxQL's: {error}") from None
        found: list[_Series] = []
        cut_short = False  # the last piece of an answer is not partial
        for answer in answers:
            for result in answer.results:
                if result.error:
                    self._fail("refused to answer", 404 if "not found" in result.error else 400, result.error, None)
                found += result.series
                cut_short = result.partial
            if answer.error:
                self._fail("refused to answer", 400, answer.error, None)
        if cut_short:
            raise StoreError(f"{self}: the answer was cut short: ask again, and see the server's log")
        return found

    def _require_patience(self) -> None:
        wait_s = self._not_before_s - self._clock()
        if wait_s > 0:
            raise StoreError(f"{self}: asked to be left alone for another {wait_s:.0f} s")

    def _fail(self, what: str, status: int, said: str, retry_after: str | None) -> NoReturn:
        """Raise StoreError; keep in mind how long to stay away."""
        if retry_after and retry_after.isdigit():
            self._not_before_s = self._clock() + min(float(retry_after), WAIT_MAX_S)
        said = said.strip().replace(self._token, "***") if self._token else said.strip()
        if "retention policy" in said and status == 400:
            status = 422
        mend = MENDS.get(status, "see the server's log")
        raise StoreError(f"{self}: {what} ({status}): {said[:500]}: {mend}")

    def _away(self, error: Exception) -> StoreError:
        return StoreError(f"{self}: cannot be reached ({type(error).__name__}): is it running, is the address right?")

    def __str__(self) -> str:
        return f"InfluxDB at {self._url}, bucket {self._bucket!r}"

    def close(self) -> None:
        """Let the connections go."""
        self._writer.close()
        self._client.close()
        self._pool.clear()
