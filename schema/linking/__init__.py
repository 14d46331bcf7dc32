"""What linking knows of each entity: the vetoes, and the facts that they are drawn from."""
