"""Known defects of each machine, put into its closed world: each must be found there."""
