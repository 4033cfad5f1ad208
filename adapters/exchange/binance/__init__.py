"""Binance USD-M futures: /fapi over HTTP and its streams."""
