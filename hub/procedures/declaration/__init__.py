"""Declaration: what the folder of a procedure says, loaded, checked, and described."""
