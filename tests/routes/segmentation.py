"""What the segments' routes with arguments open: none has any."""

OBJECTS: dict = {}
