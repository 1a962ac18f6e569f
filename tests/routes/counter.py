"""The counter's routes have no arguments: a person there has no address, only a token of who found them."""

OBJECTS: dict = {}
