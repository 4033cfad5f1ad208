"""The compiled candle engine: whole backtests of the grid and trailing strategy.

`run.run` takes bars and settings and returns fills and equity.  The loop is in `kernel`, what may
fill is found in `scan` and planned in `plan`, `fills` books it, and `layout` says what the arrays
hold.  Every formula is in `machines.pricing`; nothing here rounds a price or sizes an order.  With
mirrors, `screen` finds the bars at which `mirrors` has to ask `machines.overlay`.
"""
