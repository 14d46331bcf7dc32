"""Alembic environment: runs the migrations on the connection that `hub.store.migrate` hands over."""

from alembic import context

from hub.store.meta import METADATA
from hub.store.migrate import is_ours, make_branch_filter

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    include_schemas=True,
    include_name=is_ours,
    include_object=make_branch_filter(context.config.attributes.get("branch")),
    compare_type=True,
    version_table_schema="hub",
    on_version_apply=context.config.attributes.get("on_version_apply"),
)
with context.begin_transaction():
    context.run_migrations()
