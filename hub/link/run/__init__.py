"""One run of linking: what to look at, in which order, and how the link tables are updated."""
