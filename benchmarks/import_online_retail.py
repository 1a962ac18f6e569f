"""Imports the 541,909 lines of UCI Online Retail and says how long it took and how much memory it needed.

    python -m benchmarks.import_online_retail [--runs 3] [--file lines.csv] [--again]

The promise is 60 s on two cores and 400 MB in the importing process. Each run is a process of its own in a new shop
of the benchmark's own database; `--again` measures the same file once more, when nothing is left to change.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("BASHGAH_SHARED") or ROOT.parent / "shared")
PARQUET = SHARED / "data/online_retail/online_retail_2010_2011.parquet"
ROWS = 541_909
MOST_SECONDS, MOST_MEGABYTES = 60, 400


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3, help="how often it is measured (default 3)")
    parser.add_argument(
        "--file", type=Path, help="the lines as CSV; written from the parquet file where not given"
    )
    parser.add_argument("--again", action="store_true", help="also import the same file a second time")
    parser.add_argument("--child", metavar="SHOP", help=argparse.SUPPRESS)
    options = parser.parse_args()
    # A database of its own: a benchmark must neither see nor disturb the demo's.
    os.environ.setdefault("BASHGAH_VAR", str(ROOT / "var" / "bench"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty.settings")
    if options.child:
        print(json.dumps(import_here(options.child, options.file)))
        return
    from loyalty import embedded

    with tempfile.TemporaryDirectory() as folder:
        file = options.file or write_lines(Path(folder) / "lines.csv")
        embedded.ensure("postgres", "broker")
        manage("migrate", "--verbosity", "0")
        for run in range(options.runs):
            measure(file, f"retail-{int(time.time())}-{run}", 2 if options.again else 1)


def run(shop, runs: int) -> None:
    """Import the lines into a new shop of the same database, where they are at hand."""
    if not PARQUET.exists():
        print(f"import: left out, for {PARQUET.name} is not at hand (BASHGAH_SHARED)")
        return
    with tempfile.TemporaryDirectory() as folder:
        file = write_lines(Path(folder) / "lines.csv")
        for number in range(runs):
            print("import ", end="")
            measure(file, f"retail-{int(time.time())}-{number}", 1)


def write_lines(path: Path) -> Path:
    """Write the lines of the parquet file as CSV; exit in a sentence where there is none."""
    if not PARQUET.exists():
        sys.exit(f"{PARQUET} is not here; set BASHGAH_SHARED to the folder that holds data/, or give --file.")
    import pyarrow.csv
    import pyarrow.parquet

    pyarrow.csv.write_csv(pyarrow.parquet.read_table(PARQUET), path)
    return path


def manage(*arguments: str) -> None:
    subprocess.run([sys.executable, ROOT / "manage.py", *arguments], check=True, stdout=subprocess.DEVNULL)


def measure(file: Path, slug: str, times: int) -> None:
    """Import the file into a new shop, as often as asked, and print each figure beside what was promised."""
    manage(
        "create_shop", slug, "--name", "Online Retail", "--currency", "GBP", "--display-unit", "pound",
        "--time-zone", "Europe/London", "--language", "en", "--calendar", "gregorian",
    )  # fmt: skip
    for attempt in range(times):
        command = [
            sys.executable,
            "-m",
            "benchmarks.import_online_retail",
            "--child",
            slug,
            "--file",
            str(file),
        ]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
        found = json.loads(done.stdout.splitlines()[-1])
        verdict = (
            "kept"
            if found["seconds"] <= MOST_SECONDS and found["megabytes"] <= MOST_MEGABYTES
            else "NOT KEPT"
        )
        print(
            f"{'again' if attempt else 'first'}: {found['seconds']:.1f} s ({ROWS / found['seconds']:,.0f} rows/s), "
            f"{found['megabytes']} MB at most; processor {found['python']:.1f} s in Python and "
            f"{found['postgres']:.1f} s in PostgreSQL; machine load {os.getloadavg()[0]:.1f}; {verdict}",
            flush=True,
        )


def import_here(slug: str, file: Path) -> dict:
    """Import in this process and return what it took."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from loyalty import embedded

    embedded.ensure("postgres")
    connection.ensure_connection()
    backend = connection.connection.info.backend_pid
    started, used, served = time.perf_counter(), time.process_time(), processor_seconds(backend)
    call_command("import_orders", str(file), shop=slug, stdout=open(os.devnull, "w"))  # noqa: SIM115
    return {
        "seconds": time.perf_counter() - started,
        "python": time.process_time() - used,
        "postgres": processor_seconds(backend) - served,
        "megabytes": peak_megabytes(),
    }


def peak_megabytes() -> int:
    """Return the most memory this process ever held.

    The rusage figure would count the parent's too, from before this programme was loaded; it is for other systems.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1 << 20)
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def processor_seconds(pid: int) -> float:
    """Return how long a process has used a processor; 0 where the system does not say (macOS)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
