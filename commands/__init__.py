"""What people can say. Thin: read, decide, show. Knows no platform."""

# The files of a group declare its commands in the order in which they are shown.
from commands import (
    backup,
    backup_mute,
    drill,
    drill_evidence,
    drill_log,
    drill_record,
    drill_rehearsal,
    drill_schedule,
    incident,
    incident_brakes,
    incident_letter,
    incident_point,
    incident_recovery,
    incident_report,
    incident_steps,
    lifeboat,
)
from commands.drill_group import group as drill_group
from commands.incident_group import group as incident_group
from commands.incident_group import recovery as recovery_group

GROUPS = (backup.group, incident_group, recovery_group, drill_group, lifeboat.group)
__all__ = [
    "GROUPS",
    "backup_mute",
    "drill",
    "drill_evidence",
    "drill_log",
    "drill_record",
    "drill_rehearsal",
    "drill_schedule",
    "incident",
    "incident_brakes",
    "incident_letter",
    "incident_point",
    "incident_recovery",
    "incident_report",
    "incident_steps",
]
