"""Building: an operation becomes nodes, along the registry: selections, arguments, filters, orders, and the nodes of links and searches."""
