"""Sources in the graph, for operators and stewards: runs, drift, rejected rows by rule, and what waits for approval."""
