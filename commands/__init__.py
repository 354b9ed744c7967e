"""What people can say. Thin: read, decide, show. Knows no platform."""

from commands import backup, lifeboat

GROUPS = (backup.group, lifeboat.group)
