"""The rivals' programs run in an environment of their own."""

collect_ignore_glob = ["engine_*.py"]
