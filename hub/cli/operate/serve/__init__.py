"""The command `hub serve`: its processes and their sockets."""
