"""Copies that differ from their authority: found, graded, and handed over."""
