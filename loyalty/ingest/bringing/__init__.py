"""Staged rows into customers, products, orders and refunds, by sets: only what changed is written."""
