"""Market data from elsewhere: read, checked, resampled, downloaded, and kept as candle files."""
