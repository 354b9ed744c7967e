"""From domain values to cards, purely. Knows no clock, no database and no platform."""
