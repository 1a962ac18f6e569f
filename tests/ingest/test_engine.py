"""An import survives its worker: it goes on where it stood, once, and stops when it is told to."""

from __future__ import annotations

import datetime

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from loyalty.customers.models import Order
from loyalty.ingest import aftermath, engine, rows, runs, staging, tasks, wording
from loyalty.ingest.bringing import sales
from loyalty.ingest.models import ImportReject, ImportRun, StagedPerson, StagedRow
from segmentation.models import CustomerScore
from tests.ingest.bring import receive, tally

ROWS = 230
HEAD = "Mobile,Order no,Date,Amount (rial)\n"
BODY = "".join(
    f"0999{n % 60:07d},{n},2026-0{1 + n % 9}-01,{'free' if n % 23 == 0 else n}\n" for n in range(1, ROWS + 1)
)
EXPECTED = (220, 0, 0, 0, 10)


class Killed(BaseException):
    """The worker is gone, without a chance to tidy up."""


@pytest.fixture(autouse=True)
def small_steps(settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(engine, "CHUNK_ROWS", 50)
    monkeypatch.setattr(engine, "BATCH_ROWS", 40)


@pytest.fixture
def queued(shop) -> ImportRun:
    run = receive(HEAD + BODY)
    runs.start(run)
    return run


def kill_at(monkeypatch, where, name: str, call: int) -> None:
    """Kill the worker on the n-th call of a function, in the middle of its transaction."""
    real, calls = getattr(where, name), []

    def killing(*args, **kwargs):
        calls.append(name)
        result = real(*args, **kwargs)
        if len(calls) == call:
            raise Killed
        return result

    monkeypatch.setattr(where, name, killing)


def lease_runs_out() -> None:
    ImportRun.objects.update(leased_until=timezone.now() - datetime.timedelta(seconds=1))


@pytest.mark.parametrize(
    ("where", "name", "call"),
    [
        (staging, "stage", 1),
        (staging, "stage", 3),
        (sales, "bring", 1),
        (sales, "bring", 3),
        (staging, "forget", 1),
    ],
)
def test_a_killed_import_goes_on_and_counts_every_row_once(queued, shop, monkeypatch, where, name, call):
    with monkeypatch.context() as patch:
        kill_at(patch, where, name, call)
        with pytest.raises(Killed):
            engine.carry_out(shop, queued.pk, renew=False)
    assert engine.carry_out(shop, queued.pk, renew=False) is None, "the dead worker's lease still holds"
    lease_runs_out()
    run = engine.carry_out(shop, queued.pk, renew=False)
    assert tally(run) == EXPECTED
    assert (Order.objects.count(), ImportReject.objects.count()) == (220, 10)
    assert not StagedRow.objects.exists()
    assert not StagedPerson.objects.exists()


def test_an_import_reads_again_what_a_crashed_database_forgot(queued, shop, monkeypatch):
    with monkeypatch.context() as patch:
        kill_at(patch, sales, "bring", 3)
        with pytest.raises(Killed):
            engine.carry_out(shop, queued.pk, renew=False)
    before = ImportRun.objects.get()
    assert 0 < before.brought_rows < 220
    # Unlogged tables are empty after the database has crashed.
    StagedRow.objects.all().delete()
    lease_runs_out()
    run = engine.carry_out(shop, queued.pk, renew=False)
    assert tally(run) == EXPECTED
    assert Order.objects.count() == 220


def test_two_workers_never_hold_the_same_import(queued, shop):
    first = engine.claim(shop, queued.pk)
    assert first
    assert engine.claim(shop, queued.pk) is None
    lease_runs_out()
    second = engine.claim(shop, queued.pk)
    assert second not in (None, first)
    # The first was only slow. It finds out before it writes anything.
    with pytest.raises(engine.Stopped):
        engine._read(shop, queued.pk, first)
    assert ImportRun.objects.get().rows == 0


def test_an_import_that_kills_every_worker_is_given_up(queued, shop, monkeypatch):
    for _ in range(engine.MAX_ATTEMPTS):
        with monkeypatch.context() as patch:
            kill_at(patch, staging, "stage", 1)
            with pytest.raises(Killed):
                engine.carry_out(shop, queued.pk, renew=False)
        lease_runs_out()
    assert engine.carry_out(shop, queued.pk, renew=False) is None
    run = ImportRun.objects.get()
    assert (run.state, run.error_code) == ("failed", "gave_up")


def test_an_import_that_gets_further_each_time_is_not_given_up(queued, shop, monkeypatch):
    for _ in range(engine.MAX_ATTEMPTS + 1):
        with monkeypatch.context() as patch:
            kill_at(patch, staging, "stage", 2)
            with pytest.raises(Killed):
                engine.carry_out(shop, queued.pk, renew=False)
        lease_runs_out()
    assert tally(engine.carry_out(shop, queued.pk, renew=False)) == EXPECTED


def test_an_import_stops_between_two_steps(queued, shop, monkeypatch):
    real = sales.bring

    def asked_to_stop(values):
        ImportRun.objects.update(wants_cancel=True)
        return real(values)

    monkeypatch.setattr(sales, "bring", asked_to_stop)
    run = engine.carry_out(shop, queued.pk, renew=False)
    assert run.state == "cancelled"
    assert 0 < Order.objects.count() < 220
    assert not StagedRow.objects.exists()
    # Nothing is in the way of bringing the file in again.
    monkeypatch.setattr(sales, "bring", real)
    again = receive(HEAD + BODY)
    runs.start(again)
    added, _, unchanged, _, refused = tally(engine.carry_out(shop, again.pk, renew=False))
    assert (added + unchanged, refused) == (220, 10)
    assert unchanged > 0


@pytest.mark.parametrize("ends", ["cancelled", "failed"])
def test_an_import_cut_short_still_renews_what_came_in(queued, shop, monkeypatch, ends):
    real = sales.bring

    def ended(values):
        if ends == "failed" and Order.objects.exists():
            raise IntegrityError
        ImportRun.objects.update(wants_cancel=ends == "cancelled")
        return real(values)

    monkeypatch.setattr(sales, "bring", ended)
    run = engine.carry_out(shop, queued.pk)
    assert run.state == ends
    buyers = Order.objects.filter(customer__isnull=False).values("customer").distinct()
    assert 0 < buyers.count() == CustomerScore.objects.filter(frequency__gt=0).count()


def test_an_import_stopped_while_it_scores_is_scored_all_the_same(queued, shop, monkeypatch):
    real, calls = aftermath.renew, []

    def asked_to_stop(shop):
        calls.append(shop)
        ImportRun.objects.update(wants_cancel=True)
        return real(shop)

    monkeypatch.setattr(aftermath, "renew", asked_to_stop)
    assert engine.carry_out(shop, queued.pk).state == "cancelled"
    assert len(calls) == 2
    assert CustomerScore.objects.filter(frequency__gt=0).count() == 60


def test_a_run_that_is_over_is_not_carried_out_again(queued, shop):
    engine.carry_out(shop, queued.pk, renew=False)
    assert engine.carry_out(shop, queued.pk, renew=False) is None
    assert ImportRun.objects.get().attempts == 1


def test_a_file_that_is_gone_fails_in_a_sentence(queued, shop):
    queued.path.unlink()
    run = engine.carry_out(shop, queued.pk, renew=False)
    assert (run.state, run.error_code) == ("failed", "gone")


def test_a_value_that_no_table_holds_fails_in_a_sentence_and_is_nowhere_written(
    queued, shop, monkeypatch, caplog
):
    def too_large(values):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 'nadia@example.com'::bigint")

    monkeypatch.setattr(sales, "bring", too_large)
    run = engine.carry_out(shop, queued.pk, renew=False)
    assert (run.state, run.error_code) == ("failed", "unstorable")
    assert "cannot be stored" in wording.of_file(run.error_code)
    assert "nadia" not in caplog.text
    assert caplog.records
    assert not StagedRow.objects.exists()


def test_a_row_too_large_for_staging_fails_in_the_same_sentence(shop, monkeypatch, caplog):
    monkeypatch.setattr(rows, "MAX_MINOR", 10**40)
    run = receive("Mobile,Date,Quantity,Unit price\n09990000001,2026-01-01,1000000000," + "9" * 14 + "\n")
    runs.start(run)
    run = engine.carry_out(shop, run.pk, renew=False)
    assert (run.state, run.error_code) == ("failed", "unstorable")
    assert "999999" not in caplog.text


def test_the_end_renews_scores_and_says_how_the_segments_moved(queued, shop):
    run = engine.carry_out(shop, queued.pk)
    assert run.report["renewed"]["scored"] == 60
    assert run.report["before"] == {}
    assert sum(run.report["after"].values()) == 60


def test_whoever_looks_nudges_what_waits_and_leaves_the_rest(queued, shop, monkeypatch):
    nudged = []
    monkeypatch.setattr(tasks, "every_shop", lambda: [shop])
    monkeypatch.setattr(tasks, "nudge", lambda run: nudged.append(run.pk))
    tasks.look()
    engine.claim(shop, queued.pk)
    tasks.look()
    lease_runs_out()
    tasks.look()
    engine.carry_out(shop, queued.pk, renew=False)
    tasks.look()
    assert nudged == [queued.pk, queued.pk]


def test_old_files_are_removed_and_young_ones_kept(queued, monkeypatch):
    tasks.tidy()
    assert queued.path.exists()
    monkeypatch.setattr(tasks, "KEPT", datetime.timedelta(seconds=-60))
    tasks.tidy()
    assert not queued.path.exists()


def test_no_more_refused_rows_are_kept_than_anybody_reads_but_all_are_counted(shop, monkeypatch):
    monkeypatch.setattr(engine, "MAX_REJECTS_KEPT", 7)
    run = receive(HEAD + "".join(f"x,{n},2026-01-01,1\n" for n in range(130)))
    runs.start(run)
    assert engine.carry_out(shop, run.pk, renew=False).rejected == 130
    assert ImportReject.objects.count() == 7
