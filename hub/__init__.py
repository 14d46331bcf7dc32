"""A GraphQL data-integration hub for cross-sector data linking."""

import schema

if not hasattr(schema, "MODULES"):
    # A distribution called `schema` is on PyPI: whichever is installed last has the files of both (docs/decisions/0016).
    raise ImportError(
        f"the package schema in {next(iter(schema.__path__))} is not the hub's vocabulary: another distribution has replaced it."
        " Next step: pip uninstall schema, then reinstall cross-sector-hub, best in an environment of its own."
    )
