"""Transform: source frames become canonical frames, mapped and checked. Pure."""
