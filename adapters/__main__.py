"""`python -m adapters` is `hedgeproof`."""

from adapters.cli import main

main()
