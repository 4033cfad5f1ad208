"""Closed worlds: explorer, simulated venue, reports."""
