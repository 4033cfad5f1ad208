"""Backtests: what they are run with, what they leave behind, and how that is read again."""
