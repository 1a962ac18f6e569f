"""Merges the rooms' translations into the catalogue Django reads, or lists what is left untranslated."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from loyalty.ui import catalog
from loyalty.ui.messages import Message


class Command(BaseCommand):
    help = "Merge locale/<language>/*.po into django.mo; with --check, list what is missing, unused or wrong."
    # Needs neither database nor a complete project: translations are compiled before anything else runs.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="compare the messages with the translations")
        parser.add_argument("--under", metavar="PART", default="", help="list only paths with PART in them")
        parser.add_argument("--po", action="store_true", help="write what is missing as .po entries")

    def handle(self, *args: object, **options: object) -> None:
        root = Path(settings.BASE_DIR)
        try:
            for language in catalog.languages(root / "locale"):
                path, entries = catalog.compile_language(root / "locale", language)
                if options["verbosity"] > 0 and not options["check"]:
                    self.stdout.write(f"{path.relative_to(root)}: {entries} entries")
                if options["check"]:
                    self._check(root, language, options["under"], options["po"])
        except catalog.CatalogError as error:
            raise CommandError(str(error)) from error

    def _check(self, root: Path, language: str, under: str, as_po: bool) -> None:
        report = catalog.check(root, language)
        missing = [message for message in report.missing if under in message.place]
        for message in missing:
            self.stdout.write(message.as_po() + "\n" if as_po else self._line(message))
        for problem in report.problems:
            self.stdout.write(self.style.ERROR(f"wrong     {problem}"))
        if not under:
            for unused in report.unused:
                self.stdout.write(self.style.WARNING(f"unused    {unused}"))
        if missing or report.problems:
            raise CommandError(
                f"{language}: {len(missing)} of {report.messages} messages are not translated, "
                f"{len(report.problems)} translations are wrong."
            )
        whose = f"all messages under “{under}”" if under else f"all {report.messages} messages"
        self.stdout.write(f"{language}: {whose} are translated.")

    @staticmethod
    def _line(message: Message) -> str:
        return f"missing   {message.place}: “{message.text}”"
