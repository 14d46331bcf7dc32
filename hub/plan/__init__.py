"""Planning: a validated operation becomes one SQL statement that returns the response as JSON. Pure: nothing is executed.

operation ─selection─► merged fields ─build─► nodes ─render─► SQL + binds
"""
