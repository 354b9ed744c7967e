"""Knows the long work: what is done, in which steps, and what is recorded. Knows no vendor and no platform."""
