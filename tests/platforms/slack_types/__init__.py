"""Slack's own types of blocks and views, as judges of what Lifeboat draws."""
