"""The live loop: one bot, one account of a venue, its journal and its supervisor."""
