"""Knows what was last seen of each environment. Knows nothing of who looked."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.backups import EnvironmentName, Observation
from bot.store import rows
from bot.store.tables import observations as table

_EVERY = sa.select(table.c.observation)


async def put(db: AsyncConnection, observation: Observation) -> None:
    """Keep what was seen, in place of what was seen before."""
    kept = {"environment": observation.environment, "observation": observation.model_dump_json()}
    await rows.put(db, table, kept)


async def get(db: AsyncConnection, environment: EnvironmentName) -> Observation | None:
    """What was last seen of an environment; None before the first look."""
    kept = await db.scalar(sa.select(table.c.observation).where(table.c.environment == environment))
    return Observation.model_validate_json(kept) if kept is not None else None


async def every(db: AsyncConnection) -> dict[EnvironmentName, Observation]:
    """What was last seen, by environment."""
    seen = (Observation.model_validate_json(kept) for kept in await db.scalars(_EVERY))
    return {one.environment: one for one in seen}
