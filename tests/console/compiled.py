"""Templates in; what they were compiled to the first time out: of hundreds of houses each has the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partialmethod

import jinja2
import pytest
from jinja2.bccache import Bucket


class Compiled(jinja2.BytecodeCache):
    """Keeps what was compiled for as long as these tests run; whatever is written anew is compiled anew."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


@contextmanager
def compiled_once() -> Iterator[None]:
    """For as long as it lasts, every environment of templates compiles only what no other one has."""
    with pytest.MonkeyPatch.context() as patch:
        made = partialmethod(jinja2.Environment.__init__, bytecode_cache=Compiled())
        patch.setattr(jinja2.Environment, "__init__", made)
        yield
