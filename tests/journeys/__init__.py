"""Whole stories, over real processes, sockets, databases and a browser."""
