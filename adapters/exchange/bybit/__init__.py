"""The dialect of Bybit's v5 interface, linear contracts."""
