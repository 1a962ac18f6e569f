"""The points' routes have no arguments."""

OBJECTS: dict = {}
