"""One exchange of ccxt: its packages import a hundred when they run, and a bot needs one of them.

That is two thirds of the memory of a bot and most of its start.
"""

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

_PACKAGES = ("ccxt", "ccxt.async_support", "ccxt.pro")
_SHARED = {"ccxt": ("ccxt.base.errors", "ccxt.base.exchange")}  # what its own parts ask it for


class _Unrun(ModuleType):
    """A package that has not run: it imports what is asked for, and runs if it has no such part."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # ccxt has no types
        if name.startswith("__") and name != "__version__":
            raise AttributeError(name)
        for shared in map(import_module, _SHARED.get(self.__name__, ())):
            if hasattr(shared, name):
                return getattr(shared, name)
        if find_spec(f"{self.__name__}.{name}") is not None:
            import_module(f"{self.__name__}.{name}")
        else:
            self.__class__ = ModuleType  # type: ignore[assignment]
            assert self.__spec__ is not None
            assert self.__spec__.loader is not None
            self.__spec__.loader.exec_module(self)
        return getattr(self, name)

    def __setattr__(self, name: str, value: object) -> None:
        """Have an exchange be its class, as the package that has run does, and not its module."""
        made = vars(value).get(name) if isinstance(value, ModuleType) else None
        super().__setattr__(name, made if isinstance(made, type) else value)


def exchange(name: str) -> Any:  # noqa: ANN401  # ccxt has no types
    """Return ccxt's class of the exchange *name*, with streams."""
    for package in _PACKAGES:
        if package not in sys.modules:
            spec = find_spec(package)
            assert spec is not None
            module = sys.modules[package] = module_from_spec(spec)
            module.__class__ = _Unrun
            parent, _, part = package.rpartition(".")
            if parent:
                setattr(sys.modules[parent], part, module)
    return getattr(sys.modules["ccxt.pro"], name)


def errors() -> Any:  # noqa: ANN401  # ccxt has no types
    """Return ccxt's errors."""
    return import_module("ccxt.base.errors")
