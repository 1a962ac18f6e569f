"""How `tests/test_routes.py` gets into every room: one module each.

`OBJECTS = {"room:route": lambda: {"pk": …}}` makes what a route's arguments name; it is called inside a
shop's scope, once for each of two shops. `WORDS = {"room:route", …}` lists the routes whose arguments are
words of the house and not rows of a shop (a segment, a tab), so that no other shop's can be meant.
"""
