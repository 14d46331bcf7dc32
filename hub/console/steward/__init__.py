"""The steward's pages: questions of linking, second opinions, and what waits of sources."""
