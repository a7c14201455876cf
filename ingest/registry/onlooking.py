"""The URL of a registry in, the same registry for looking only out, and the version of its tables. Makes nothing."""

from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory

from ingest.errors import RegistryError, StoreError
from ingest.registry.database import Database
from ingest.registry.registry import Registry


def looking_url(url: str) -> str:
    """Return a URL by which the same registry can only be read. Raises StoreError where its file does not exist.

    A server's own URL comes back: PostgreSQL has users for that.
    """
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise RegistryError("registry.url: is no address such as postgresql+psycopg://user@host/database") from None
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return url
    path = Path(parsed.database).absolute()
    if not path.is_file():
        raise StoreError(f"{path}: no such file")
    # Without a log it is nobody's at the moment: read as it is, not even a log is made beside it.
    alone = not path.with_name(path.name + "-wal").exists()
    return f"sqlite:///file:{quote(str(path))}?mode=ro{'&immutable=1' if alone else ''}&uri=true"


def look(url: str) -> Registry:
    """Return a registry for looking only: whatever would write raises StoreError. See ``looking_url``."""
    return Registry(looking_url(url))


def versions(url: str) -> tuple[str | None, str]:
    """Return the version of a registry's tables, None where it has none yet, and the one that this program is for.

    Raises StoreError where it cannot be read.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    head = ScriptDirectory.from_config(config).get_current_head() or ""
    with closing(Database(looking_url(url))) as database, database.reading() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None, head
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar(), head
