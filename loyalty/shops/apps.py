from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class ShopsConfig(AppConfig):
    name = "loyalty.shops"
    label = "shops"

    def ready(self) -> None:
        from . import accounts, checks  # noqa: F401  (they listen to sign-ins, and register the system check)
        from .rls import secure_after_migrate

        # Once per migrate, when the last app has its tables.
        last = [config for config in apps.get_app_configs() if config.models_module][-1]
        post_migrate.connect(secure_after_migrate, sender=last, dispatch_uid="shops.secure_tables")
