"""Scale out: what more processes, workers, replicas and machines of a Spark cluster add, and what each request or row costs then."""
