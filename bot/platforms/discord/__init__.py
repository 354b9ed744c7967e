"""Discord, over discord.py. Knows components and gateways; knows no command."""
