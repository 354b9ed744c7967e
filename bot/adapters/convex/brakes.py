"""Knows what stops an app's writes at Convex, and starts them again. Knows nothing of when to do which.

Sources: https://docs.convex.dev/production/pause-deployment and https://docs.convex.dev/deployment-platform-api.
"""

from pydantic import TypeAdapter

from bot.adapters.convex.client import ConvexClient, Wire
from bot.adapters.convex.errors import NotInThatState
from bot.adapters.convex.identity import state


class _Variable(Wire):
    value: str


class _Component(Wire):
    id: str
    path: str = ""


COMPONENTS = TypeAdapter(list[_Component])
VARIABLE: TypeAdapter[_Variable | None] = TypeAdapter(_Variable | None)


async def pause(client: ConvexClient) -> None:
    """Stop every function of the app. A deployment that is paused already stays so."""
    try:
        await client.post("/api/v1/pause_deployment", doing="pausing the deployment")
    except NotInThatState:
        if await state(client) != "paused":
            raise


async def resume(client: ConvexClient) -> None:
    """Let functions run again, those that queued up first. A deployment that runs already goes on."""
    try:
        await client.post("/api/v1/unpause_deployment", doing="resuming the deployment")
    except NotInThatState:
        # The same code for "it is not paused" and for "Convex has switched it off".
        if await state(client) != "running":
            raise


async def cancel_scheduled(client: ConvexClient) -> None:
    """Cancel every scheduled function: the app's own first, then those of each component, which has its own."""
    await client.post("/api/cancel_all_jobs", {}, doing="cancelling the app's scheduled functions")
    doing = "looking for components with scheduled functions (the app's own are cancelled)"
    for component in await client.query("_system/frontend/components:list", {}, COMPONENTS, doing=doing):
        if component.path:
            doing = (
                f"cancelling the scheduled functions of the component {component.path} (the app's own are cancelled)"
            )
            await client.post("/api/cancel_all_jobs", {"componentId": component.id}, doing=doing)


async def variable(client: ConvexClient, name: str) -> str | None:
    """One variable's value. The others, which may be secrets, are not asked for."""
    doing = f"reading the environment variable {name}"
    found = await client.query("_system/cli/queryEnvironmentVariables:get", {"name": name}, VARIABLE, doing=doing)
    return None if found is None else found.value


async def set_variable(client: ConvexClient, name: str, value: str | None) -> None:
    """Set a variable, or delete it with None; the app's functions see it from their next run on."""
    doing = f"{'deleting' if value is None else 'setting'} the environment variable {name}"
    body = {"changes": [{"name": name, "value": value}]}
    await client.post("/api/v1/update_environment_variables", body, doing=doing)
