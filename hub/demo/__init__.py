"""The demo province: a generator of Quảng Ninh's people, land, taxes and businesses, and four running systems that hold them."""
