"""Commands that run the hub and look after it: serve, worker, migrate, doctor, demo."""
