"""A simulated exchange that speaks a real venue's wire protocol on this machine."""
