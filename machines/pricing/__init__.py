"""Prices and sizes of the grid and trailing strategy: numbers in, orders out, no state.

The only room of the machines with floats.  Every function is compiled by numba and may be called
as plain Python.  A position's size is never negative: *side* says whether it is `LONG` or `SHORT`.
What leaves the room is counted in ticks and lots.
"""
