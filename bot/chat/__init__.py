"""The neutral language between commands and platforms. Knows no vendor and no database."""
