"""Reads every translatable message out of templates and Python code, without GNU gettext."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation.template import templatize

# How many leading strings a call takes: (has a context, has a plural).
FUNCTIONS = {
    "_": (False, False),
    "gettext": (False, False),
    "gettext_lazy": (False, False),
    "gettext_noop": (False, False),
    "ngettext": (False, True),
    "ngettext_lazy": (False, True),
    "pgettext": (True, False),
    "pgettext_lazy": (True, False),
    "npgettext": (True, True),
    "npgettext_lazy": (True, True),
}
STRING = r"""u?(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""
# What `templatize` leaves behind is not Python, only calls amid blanked-out text.
TEMPLATE_CALL = re.compile(rf"(?<=\s)(n?p?gettext|_)\(({STRING}(?:\s*,\s*{STRING})*)")
PYTHON = ("loyalty", "segmentation", "campaigns")
TEMPLATES = "templates"


@dataclass(frozen=True)
class Message:
    """One wording as the code uses it; `place` is file:line for a person to open."""

    text: str
    context: str | None
    plural: str | None
    place: str

    @property
    def key(self) -> tuple[str | None, str]:
        return self.context, self.text

    def as_po(self) -> str:
        """Return an empty .po entry, ready to be translated."""
        lines = [f"#: {self.place}"]
        if self.context is not None:
            lines.append(f"msgctxt {_quoted(self.context)}")
        lines.append(f"msgid {_quoted(self.text)}")
        if self.plural:
            lines += [f"msgid_plural {_quoted(self.plural)}", 'msgstr[0] ""']
        else:
            lines.append('msgstr ""')
        return "\n".join(lines)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def find_messages(root: Path, sources: list[Path] | None = None) -> tuple[list[Message], list[str]]:
    """Return every message below `sources` (by default the whole project), and what cannot be read."""
    messages: list[Message] = []
    problems: list[str] = []
    for path in _files(sources or [root / name for name in (*PYTHON, TEMPLATES)]):
        name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
        read = python_messages if path.suffix == ".py" else template_messages
        try:
            messages += read(path.read_text(encoding="utf-8"), name)
        except (SyntaxError, ValueError) as error:
            problems.append(f"{name}: {error}")
    return messages, problems


def _files(sources: list[Path]) -> Iterator[Path]:
    for source in sources:
        if source.is_file():
            yield source
        else:
            yield from sorted(
                path
                for path in source.rglob("*")
                if path.suffix in (".py", ".html", ".txt") and path.is_file()
            )


def template_messages(source: str, name: str) -> list[Message]:
    """Return the messages of one template; raise SyntaxError where Django's own extraction would."""
    found = []
    text = templatize(source, origin=name)
    for match in TEMPLATE_CALL.finditer(text):
        strings = list(ast.literal_eval(f"({match[2]},)"))
        line = text.count("\n", 0, match.start()) + 1
        found.append(_message(match[1], strings, f"{name}:{line}"))
    return found


def python_messages(source: str, name: str) -> list[Message]:
    """Return the messages of one module; raise ValueError for a call whose wording is not a plain string."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if function not in FUNCTIONS:
            continue
        strings = []
        for argument in node.args[: 1 + sum(FUNCTIONS[function])]:
            if isinstance(argument, (ast.JoinedStr, ast.BinOp)):
                raise ValueError(
                    f"line {node.lineno}: {function}() is given a string built at run time; "
                    f"translate a plain string and fill it in afterwards."
                )
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                strings.append(argument.value)
        # A variable is fine: its wording was marked where it was written.
        if len(strings) == 1 + sum(FUNCTIONS[function]):
            found.append(_message(function, strings, f"{name}:{node.lineno}"))
    return found


def _message(function: str, strings: list[str], place: str) -> Message:
    has_context, has_plural = FUNCTIONS[function]
    context = strings.pop(0) if has_context else None
    return Message(strings[0], context, strings[1] if has_plural else None, place)
