"""Schema drift: detect and record a source whose shape differs from its manifest or from the last read."""
