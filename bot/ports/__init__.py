"""Knows what Lifeboat needs from the world outside, by need. Knows no vendor.

Every method of a port raises `Outage` when the vendor did not do its part, and `Refused` when it said no.
"""

from bot.ports.chat import Door, Gone, Host, Poster, Room, Symptom
from bot.ports.convex import (
    ConfigChange,
    Counts,
    Deployment,
    Download,
    Export,
    ExportRunning,
    FunctionRun,
    Identity,
    ImportForgotten,
    KeyScope,
    StatusPage,
)
from bot.ports.recovery import (
    Charts,
    Endpoint,
    ErrorCount,
    ErrorWatch,
    Letter,
    Mail,
    Rollout,
    Site,
    SuiteOutcome,
    TestSuite,
    Webhooks,
)
from bot.ports.training import TrainingGround
from bot.ports.vault import Stored, Vault
from bot.ports.work import Clock, Work
from bot.ports.work import SystemClock as SystemClock

__all__ = [
    "Charts",
    "Clock",
    "ConfigChange",
    "Counts",
    "Deployment",
    "Door",
    "Download",
    "Endpoint",
    "ErrorCount",
    "ErrorWatch",
    "Export",
    "ExportRunning",
    "FunctionRun",
    "Gone",
    "Host",
    "Identity",
    "ImportForgotten",
    "KeyScope",
    "Letter",
    "Mail",
    "Poster",
    "Rollout",
    "Room",
    "Site",
    "StatusPage",
    "Stored",
    "SuiteOutcome",
    "Symptom",
    "SystemClock",
    "TestSuite",
    "TrainingGround",
    "Vault",
    "Webhooks",
    "Work",
]
