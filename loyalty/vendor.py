"""Which files of the npm packages are ours to serve: the few that a page asks for, out of thousands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.contrib.staticfiles.finders import FileSystemFinder
from django.core.files.storage import Storage

# Others in the same packages refer to images that are not there, on which collectstatic would stop.
FILES = {
    "vendor/plotly/plotly-basic.min.js",
    "vendor/tabler/css/tabler.min.css",
    "vendor/tabler/css/tabler.min.css.map",
    "vendor/tabler/css/tabler.rtl.min.css",
    "vendor/tabler/css/tabler.rtl.min.css.map",
    "vendor/vazirmatn/fonts/webfonts/Vazirmatn[wght].woff2",
}


class Finder(FileSystemFinder):
    """Finds everything in STATICFILES_DIRS, but collects only FILES of what is below vendor/."""

    def list(self, ignore_patterns: Iterable[str]) -> Iterator[tuple[str, Storage]]:
        for path, storage in super().list(ignore_patterns):
            prefix = getattr(storage, "prefix", None) or ""
            if not prefix.startswith("vendor/") or f"{prefix}/{path}" in FILES:
                yield path, storage
