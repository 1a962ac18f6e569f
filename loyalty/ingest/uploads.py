"""Uploads to disk, and no further than an import may be large: the rest of an endless file is thrown away."""

from __future__ import annotations

from django.conf import settings
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler


class BoundedUploadHandler(TemporaryFileUploadHandler):
    """Breaks an upload off that is larger than any file we take; the form then finds no file in it."""

    def new_file(self, *args, **kwargs) -> None:
        super().new_file(*args, **kwargs)
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.received += len(raw_data)
        if self.received > 1_000_000 * max(settings.IMPORT_TEXT_MEGABYTES, settings.IMPORT_SHEET_MEGABYTES):
            raise StopUpload(connection_reset=True)
        super().receive_data_chunk(raw_data, start)
