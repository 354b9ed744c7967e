"""Knows how what Lifeboat keeps is written and read, one file per thing. Knows nothing of who asks or what is shown."""
