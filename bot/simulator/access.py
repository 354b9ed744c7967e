"""Knows keys: which one may do what, and how a refusal is worded. Knows nothing of what is being asked for."""

from collections.abc import Iterable
from dataclasses import dataclass

ACTIONS = {
    "CreateBackups": "deployment:backups:create",
    "ViewBackups": "deployment:backups:view",
    "DownloadBackups": "deployment:backups:download",
    "DeleteBackups": "deployment:backups:delete",
    "ImportBackups": "deployment:backups:import",
    "ViewData": "deployment:data:view",
    "WriteData": "deployment:data:write",
    "PauseDeployment": "deployment:pause",
    "UnpauseDeployment": "deployment:unpause",
    "ViewEnvironmentVariables": "deployment:env:view",
    "WriteEnvironmentVariables": "deployment:env:write",
    "ViewLogs": "deployment:logs:view",
    "ViewAuditLog": "deployment:auditLog:view",
}
"""Operation names as the API gives them, with the action a deploy key is limited to."""
READ_ONLY = frozenset(
    {"ViewBackups", "DownloadBackups", "ViewData", "ViewEnvironmentVariables", "ViewLogs", "ViewAuditLog"}
)


class ApiError(Exception):
    """An answer other than 200: `{"code", "message"}` with this status."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True)
class Access:
    """What a key may do; no operations at all means every one of them."""

    operations: frozenset[str] = frozenset()
    read_only: bool = False

    def require(self, operation: str) -> None:
        allowed = READ_ONLY if self.read_only else self.operations
        if allowed and operation not in allowed:
            raise ApiError(
                403,
                "OperationNotPermitted",
                f"You do not have permission to perform this operation ({ACTIONS[operation]}).",
            )


class Keyring:
    """The keys a deployment knows. A `prod:`, `dev:` or other prefix before the name is dropped, as the server does."""

    def __init__(self, deployment: str, key: str) -> None:
        self._deployment = deployment
        self._known = {key: Access()}
        self._withdrawn: dict[str, Access] = {}

    def limit(self, name: str, operations: Iterable[str] = (), *, read_only: bool = False) -> str:
        """Make a key that may do only these operations; gives the key."""
        key = f"{self._deployment}|{name.encode().hex()}"
        self._known[key] = Access(frozenset(operations), read_only)
        return key

    def revoke(self, key: str) -> None:
        del self._known[key]

    def withdraw(self) -> None:
        """Take no key any more that there is now."""
        self._withdrawn |= self._known
        self._known = {}

    def give_back(self) -> None:
        """Take again whatever was withdrawn."""
        self._known |= self._withdrawn
        self._withdrawn = {}

    def access(self, header: str | None, parameter: str | None) -> Access:
        """What the caller may do. Raises ApiError as the server words it."""
        key = parameter
        if header is not None:
            scheme, _, key = header.partition(" ")
            if scheme.lower() != "convex":
                key = None
        if not key:
            raise ApiError(
                403,
                "BadDeployKey",
                f"The provided deploy key was invalid for deployment '{self._deployment}'. Double check that the "
                "environment this key was generated for matches the desired deployment.",
            )
        scope, bar, secret = key.partition("|")
        access = self._known.get(f"{scope.rpartition(':')[2]}{bar}{secret.partition(':')[0]}")
        if access is None:
            raise ApiError(401, "BadAdminKey", "The provided admin key was invalid for this instance")
        return access
