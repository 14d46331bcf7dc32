"""A province written independently of `hub.demo`: other names, other households, other dirt.

What is tuned on the demonstration must hold here too. The generator knows nothing of `hub.demo` or `hub.link`; it is written from public
facts about names, identifiers and the reorganisation of 2025.
"""
