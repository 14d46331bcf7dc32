"""Transform: map and check source frames, so that they become canonical frames. Pure."""
