"""The URL of a PostgreSQL in, a copy of its database as a file out, and back, by PostgreSQL's own programs."""

import os
import shutil
import subprocess
from pathlib import Path

import sqlalchemy as sa

from forecalm.keeping.errors import KeepingError
from ingest.errors import StoreError


def dump(url: str, target: Path) -> None:
    """Copy a database as of now, while others go on. Raises KeepingError where pg_dump is missing or fails."""
    _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")
    target.chmod(0o600)


def bring_back(url: str, source: Path) -> None:
    """Fill an empty database from a copy, all of it or nothing. Raises KeepingError where it is not empty, pg_restore
    is missing, or it fails."""
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))
    try:
        there = sa.inspect(engine).get_table_names()
    except sa.exc.SQLAlchemyError as error:
        raise StoreError(f"registry {engine.url.render_as_string(hide_password=True)}: {error}") from error
    finally:
        engine.dispose()
    if there:
        raise KeepingError(
            f"the database of registry.url is not empty ({', '.join(sorted(there)[:3])}...): take a new one"
        )
    _run("pg_restore", url, "--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", source)


def _run(program: str, url: str, *arguments: str | Path) -> None:
    found = shutil.which(program)
    if found is None:
        raise KeepingError(f"{program} is not installed, and the registry is a PostgreSQL: install its client programs")
    parsed = sa.make_url(url)
    plain = parsed.set(drivername="postgresql", password=None).render_as_string()
    secret = {"PGPASSWORD": str(parsed.password)} if parsed.password else {}
    done = subprocess.run(  # noqa: S603 - the arguments are ours
        [found, f"--dbname={plain}", *arguments], env=os.environ | secret, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise KeepingError(f"{program}: {done.stderr.strip()[-500:]}")
