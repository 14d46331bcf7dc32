"""Permission in planning: an operation may read only what the documents of its purpose read. Pure: nothing is executed.

documents of a purpose ─compile─► tries (hub.access.permission_trie, with hub.access.argument_rules)
operation + trie ─check─► Permission ─bound variables of each request─► Permitted, or refusals with code and path
"""
