"""The conformance kit: whether a connector holds what its manifest says, offline, against a source that misbehaves.

`lint` reads the folder; `samples` maps the sample rows and compares the records with the expected ones; `trials` feeds them through the
real readers and the real engine into a real store, first as they are, then damaged, deleted and drifted; `chaos` breaks the
source. `check` does it all for one connector and gives a grade.
"""
