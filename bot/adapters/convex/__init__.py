"""Knows a Convex deployment's HTTP API. Knows nothing of why it is called.

Checked against the open backend's source (github.com/get-convex/convex-backend) and docs.convex.dev.
"""

from bot.adapters.convex.deployment import ConvexDeployment, connect

__all__ = ["ConvexDeployment", "connect"]
