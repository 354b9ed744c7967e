"""Knows which environment variables a deployment takes, and how it refuses others. Knows nothing of HTTP.

Names, limits and texts: `crates/common/src/types/environment_variables.rs` of the open backend; the count is that of
https://docs.convex.dev/production/environment-variables.
"""

import re
from collections.abc import Iterable

from bot.simulator.access import ApiError
from bot.simulator.deployment import Deployment
from bot.simulator.values import Document

NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
LONGEST_NAME = 40
LARGEST_VALUE = 8 * 1024
MOST = 1000
BUILT_IN = frozenset({"CONVEX_CLOUD_URL", "CONVEX_SITE_URL"})


def change(deployment: Deployment, changes: Iterable[Document]) -> None:
    """Set variables, or delete those without a value: all of them or, with an ApiError, none."""
    wanted = dict(deployment.environment)
    events = []
    for each in changes:
        name, value = each["name"], each.get("value")
        _check_name(name)
        known = name in wanted
        if value is None:
            wanted.pop(name, None)
            action = "delete_environment_variable"
        else:
            _check_value(value)
            action = "update_environment_variable" if known else "create_environment_variable"
            wanted[name] = value
        if known or value is not None:
            events.append((action, {"variable_name": name}))
    if len(wanted) > MOST:
        raise ApiError(400, "EnvVarLimitMet", f"The environment variable limit ({MOST}) has been met.")
    deployment.environment.clear()
    deployment.environment.update(wanted)
    for action, metadata in events:
        deployment.audit.add(action, metadata)
    deployment.announce()


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise ApiError(
            400,
            "EnvironmentVariableNameInvalid",
            f"The environment variable name {name} is invalid. Environment variable names must begin with a letter "
            "and may only include characters a-z, A-Z, 0-9, and underscores.",
        )
    if len(name) > LONGEST_NAME:
        raise ApiError(
            400,
            "EnvironmentVariableNameTooLong",
            f"The environment variable name {name} is too long. Environment variable names must be less than "
            f"{LONGEST_NAME}.",
        )
    if name in BUILT_IN:
        raise ApiError(
            400,
            "EnvVarNameForbidden",
            f'Environment variable with name "{name}" is built-in and cannot be overridden',
        )


def _check_value(value: str) -> None:
    size = len(value.encode())
    if size > LARGEST_VALUE:
        raise ApiError(
            400,
            "EnvironmentVariableValueTooLarge",
            f"The environment variable value is {size} bytes, which is too large. (max size: {LARGEST_VALUE}",
        )
