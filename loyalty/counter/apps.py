from django.apps import AppConfig


class CounterConfig(AppConfig):
    name = "loyalty.counter"
    label = "counter"
