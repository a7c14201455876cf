"""Run by Alembic: a connection in (``config.attributes``), its tables brought up to date."""

from alembic import context

from ingest.registry.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite alters a table by making it anew
)
with context.begin_transaction():
    context.run_migrations()
