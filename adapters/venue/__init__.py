"""Venues as the bot sees them: one port, and what binds it to exchanges."""
