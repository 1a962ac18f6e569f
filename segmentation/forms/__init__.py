"""What is typed on the screens of the segments."""

from .scheme import BoundariesForm, MapForm, NamesForm, ValueForm

__all__ = ["BoundariesForm", "MapForm", "NamesForm", "ValueForm"]
