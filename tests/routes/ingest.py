"""What the imports' routes with arguments open."""

from __future__ import annotations

from loyalty.ingest import runs


def run() -> dict:
    """A file that waits for its owner; an English shop counts in pounds and a Persian one in rial."""
    return {"pk": runs.receive([b"Mobile,Date,Amount\n09990000001,2026-10-01,1000\n"], "orders.csv").pk}


OBJECTS = {
    "ingest:import_detail": run,
    "ingest:import_map": run,
    "ingest:import_cancel": run,
    "ingest:import_again": run,
    "ingest:import_rejects": run,
}
