"""Schema drift: detect, record and act on a source whose shape differs from its manifest or from the last read."""
