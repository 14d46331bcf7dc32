"""Alembic environment: runs the migrations on the connection that `hub.store.migrate` hands over."""

from alembic import context

from hub.store.meta import METADATA
from hub.store.migrate import is_ours

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    include_schemas=True,
    include_name=is_ours,
    compare_type=True,
    version_table_schema="hub",
)
with context.begin_transaction():
    context.run_migrations()
