"""Lifeboat gets a team's Convex database back."""
