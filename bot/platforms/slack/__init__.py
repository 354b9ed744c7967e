"""Slack, over Bolt. Knows Block Kit and sockets; knows no command."""
