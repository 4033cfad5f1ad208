"""One closed world for each machine: the machine, its venue and everything that may go wrong."""
