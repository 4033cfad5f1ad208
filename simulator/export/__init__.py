"""Worlds of actors as models of other checkers: Promela for SPIN, TLA+ for TLC."""
