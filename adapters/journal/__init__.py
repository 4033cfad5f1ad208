"""The journal on disk: what the bot was told and asked for, chained, replayed and audited."""
