"""The command `hub doctor`: its checks, and how it reports them."""
