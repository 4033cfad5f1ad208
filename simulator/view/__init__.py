"""The page of a check: one HTML text that needs no network and runs no script."""

from simulator.view.page import Shown, page

__all__ = ["Shown", "page"]
