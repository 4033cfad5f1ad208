"""Exploration at compiled speed, of worlds whose actors are plain Python."""

from simulator.compiled.judge import explore

__all__ = ["explore"]
