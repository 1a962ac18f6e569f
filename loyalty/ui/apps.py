"""Furniture: knows no customer; page or fragment, tables, money, days, digits, masks, charts."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "loyalty.ui"
    label = "ui"
