"""/healthz: open to everybody, and honest about each part."""

from __future__ import annotations

import time

import pytest
from django.db import OperationalError
from kombu import Connection

from loyalty import embedded, health
from loyalty.celery import app


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch):
    monkeypatch.setattr(health, "_remembered", None)


def test_it_says_503_and_which_part_is_missing(client, db):
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json() == {"database": True, "broker": False, "worker": False}
    assert "no-store" in answer["Cache-Control"]


def test_a_missing_broker_is_noticed_quickly(client, db):
    started_at = time.monotonic()
    client.get("/healthz")
    assert time.monotonic() - started_at < 5


def test_all_alive_is_200(client, db, monkeypatch):
    monkeypatch.setattr(health, "ask_queue", lambda: {"broker": True, "worker": True})
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"database": True, "broker": True, "worker": True})


def test_a_database_that_is_away_is_said_and_not_raised(db, monkeypatch):
    def away():
        raise OperationalError("the server is away")

    # Put back before the database fixture tidies up.
    with monkeypatch.context() as patch:
        patch.setattr(health.connection, "cursor", away)
        assert not health.database_is_alive()


def test_asking_often_asks_the_workers_seldom(monkeypatch):
    asked = []
    monkeypatch.setattr(health, "ask_queue", lambda: asked.append(1) or {"broker": True, "worker": True})
    for _ in range(10):
        health.queue_state()
    assert len(asked) == 1


def test_a_broker_without_a_worker_is_half_alive(tmp_path, monkeypatch):
    monkeypatch.setenv("BASHGAH_VAR", str(tmp_path))
    monkeypatch.delenv("BROKER_URL", raising=False)
    with embedded.broker(fast=True) as url:
        monkeypatch.setattr(app, "connection_for_write", lambda: Connection(url))
        # What an earlier test sent went through connections that are kept, to a broker that is gone.
        monkeypatch.setattr(app.amqp, "_producer_pool", None)
        assert health.ask_queue() == {"broker": True, "worker": False}


def test_only_reading_is_answered(client, db):
    assert client.post("/healthz").status_code == 405
    assert client.head("/healthz").status_code in (200, 503)
