"""Quality of data: *đúng, đủ, sạch, sống* (correct, sufficient, clean, live), counted in the store and kept every night.

How right links are is another question: `hub.link.quality` estimates it from reviewed samples, and one measure here quotes it.
"""
