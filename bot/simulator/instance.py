"""Knows what belongs to one simulated deployment: its state, jobs, keys and switches. Knows nothing of HTTP."""

from dataclasses import dataclass, field
from pathlib import Path

from bot.simulator.access import Keyring
from bot.simulator.deployment import Deployment, Identity, admin_key
from bot.simulator.exports import Exports
from bot.simulator.faults import Faults
from bot.simulator.imports import Imports
from bot.simulator.scenarios import Scenarios
from bot.simulator.scheduler import Scheduler


@dataclass
class Instance:
    """One deployment and everything that works on it."""

    deployment: Deployment
    exports: Exports
    imports: Imports
    keys: Keyring
    scheduler: Scheduler
    scenarios: Scenarios
    faults: Faults = field(default_factory=Faults)

    @classmethod
    def create(cls, identity: Identity, folder: Path, export_seconds: float) -> "Instance":
        """A deployment without any data yet; archives and uploads go into `folder`."""
        deployment = Deployment(identity)
        scheduler = Scheduler(deployment)
        return cls(
            deployment,
            Exports(deployment, folder, export_seconds),
            Imports(deployment, folder),
            Keyring(identity.name, admin_key(identity.name)),
            scheduler,
            Scenarios(deployment, scheduler),
        )

    async def close(self) -> None:
        await self.scheduler.close()
        await self.exports.close()
        await self.imports.close()
