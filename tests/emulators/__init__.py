"""Loopback servers that enforce what the real chat platforms enforce."""
