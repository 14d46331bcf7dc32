"""Subscriptions, and the changes that they tell of."""
