"""The arrows of the house and its habits, held by reading the code: who imports whom, what nobody writes."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("loyalty", "segmentation", "campaigns")

# Level by room; a room imports only rooms below it. Whatever of `loyalty` is in no room is a door.
BELOW = -1
LEVELS = {
    "loyalty.embedded": BELOW,
    "loyalty.vendor": BELOW,
    "loyalty.access": BELOW,
    "loyalty.ui": 0,
    "loyalty.shops": 1,
    "loyalty.customers": 2,
    "loyalty.points": 3,
    "segmentation": 3,
    "loyalty.tiers": 4,
    "campaigns": 5,
    "loyalty.pipeline": 6,
}
DOORS = 7
# A room's screens and tasks are doors too: a person's page shows tier and segment.
SCREENS = {"views", "urls", "tables", "filters", "forms", "charts", "tasks", "templatetags"}
# One definition of a list of people: a campaign's audience is a filter that was kept.
OPEN_SCREENS = {("campaigns", "loyalty.customers.filters")}
# Formulas and rules that open in a notebook: no Django, no room.
PURE = (
    "segmentation/rfm.py",
    "segmentation/churn.py",
    "segmentation/forecast.py",
    "segmentation/holdouts.py",
    "segmentation/rules.py",
    "segmentation/ranking.py",
    "segmentation/flow.py",
    "segmentation/spans.py",
    "segmentation/cutting.py",
    "segmentation/lifecycle.py",
    "segmentation/likeness.py",
    "segmentation/value_volume.py",
    "campaigns/uplift.py",
    "campaigns/sms.py",
    "campaigns/arms.py",
    "loyalty/ui/text.py",
    "loyalty/ui/phones.py",
)
# Large libraries stay out of the web processes until somebody needs them.
HEAVY = {"numpy", "pandas", "pyarrow", "scipy", "plotly", "python_calamine"}
LATE_IMPORTS = {
    # Django allows models only once all apps are loaded.
    "loyalty/shops/apps.py",
    # The statistics of the weekly work, which would take numpy and scipy into every web process.
    "segmentation/outlook.py",
}
SPEAKS_ON_STDOUT = {
    # Its one answer to its parent, before there is anything else.
    "loyalty/embedded/keeper.py",
    "loyalty/ingest/reading/sheet_child.py",
    # The one foreground process of `make run`.
    "loyalty/supervisor.py",
}
# Called when a transaction is over, and the table is looked at again anyway.
WAKES_A_WORKER = {("campaigns/tasks.py", "wake")}
MAKES_MARKUP = {
    # Icons of our own files, JSON through json_script, and Django's own rendering of a widget.
    "loyalty/ui/icons.py",
    "loyalty/ui/charts.py",
    "loyalty/ui/templatetags/ui.py",
}
# A test may tell a longer story.
MOST_LINES, MOST_LINES_OF_A_TEST = 400, 500


def sources(*folders: str) -> list[Path]:
    paths = (path for folder in folders or PACKAGES for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in paths if "migrations" not in path.parts)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def room_of(module: str) -> str:
    """Return the room that a module is in; a module of `loyalty` that is in none is a room by itself."""
    known = [room for room in LEVELS if module == room or module.startswith(f"{room}.")]
    return max(known, key=len) if known else ".".join(module.split(".")[:2])


def level_of(module: str) -> int:
    return LEVELS.get(room_of(module), DOORS)


def is_screen(module: str) -> bool:
    # What ui calls forms and charts is furniture.
    return level_of(module) > 0 and bool(SCREENS & set(module.removeprefix(room_of(module)).split(".")))


def is_typing_only(node: ast.AST, tree: ast.Module) -> bool:
    blocks = (
        block
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
    )
    return any(node in ast.walk(block) for block in blocks)


def imports_of(path: Path) -> Iterator[str]:
    """Yield the full name of every module of ours that is imported, and of every name taken out of one."""
    tree, module = tree_of(path), module_of(path)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not is_typing_only(node, tree):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*above, *filter(None, [node.module])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def ours(path: Path) -> list[str]:
    return [name for name in imports_of(path) if name.split(".")[0] in PACKAGES]


def places(found: Iterator[tuple[Path, ast.AST]]) -> list[str]:
    return [f"{name_of(path)}:{node.lineno}: {ast.unparse(node)[:80]}" for path, node in found]


def nodes(kind: type, *folders: str) -> Iterator[tuple[Path, ast.AST]]:
    for path in sources(*folders):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, kind):
                yield path, node


# ---------- Arrows ----------


def climbs(importer: str, imported: str) -> bool:
    """Say whether an import goes against the arrows."""
    mine, theirs = room_of(importer), room_of(imported)
    if mine == theirs:
        return False
    if level_of(imported) == DOORS:
        # Nobody imports a door but other doors and urls.
        return not (level_of(importer) == DOORS or importer.endswith(".urls"))
    if is_screen(imported) and level_of(importer) != DOORS and not is_screen(importer):
        return not any(mine == room and imported.startswith(screen) for room, screen in OPEN_SCREENS)
    return level_of(imported) >= level_of(importer) and not is_screen(importer)


def test_rooms_import_only_downwards():
    found = [
        f"{module_of(path)} imports {name}"
        for path in sources()
        for name in ours(path)
        if climbs(module_of(path), name)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("importer", "imported", "is_wrong"),
    [
        ("loyalty.customers.services.people", "loyalty.tiers.models.Tier", True),
        ("segmentation.services", "loyalty.points.models.Account", True),
        ("loyalty.ui.text", "loyalty.shops.models.Shop", True),
        ("campaigns.audiences", "loyalty.pipeline.night", True),
        ("loyalty.tiers.services", "loyalty.ingest.models.ImportRun", True),
        ("loyalty.tiers.services", "loyalty.customers.forms.CustomerForm", True),
        ("loyalty.customers.views.people", "loyalty.tiers.models.Tier", False),
        ("campaigns.audiences", "loyalty.customers.filters.CustomerFilter", False),
        ("loyalty.tiers.services", "segmentation.models.CustomerScore", False),
        ("loyalty.ingest.aftermath", "loyalty.pipeline.orders_arrived", False),
    ],
)
def test_the_arrows_are_those_of_the_house(importer, imported, is_wrong):
    assert climbs(importer, imported) is is_wrong


def test_foreign_keys_point_downwards_too():
    found = []
    for model in apps.get_models():
        for field in model._meta.local_fields:
            other = field.related_model
            if not field.is_relation or {
                model.__module__.split(".")[0],
                other.__module__.split(".")[0],
            } - set(PACKAGES):
                continue
            mine, theirs = room_of(model.__module__), room_of(other.__module__)
            if mine != theirs and level_of(other.__module__) >= level_of(model.__module__):
                found.append(f"{model.__name__}.{field.name} → {other.__name__}")
    assert found == []


def test_nothing_is_imported_inside_a_function():
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path, function in nodes((ast.FunctionDef, ast.AsyncFunctionDef))
        for node in ast.walk(function)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        and name_of(path) not in LATE_IMPORTS
        and not {
            (alias.name if isinstance(node, ast.Import) else node.module or "").split(".")[0]
            for alias in node.names
        }
        & HEAVY
    ]
    assert found == []


@pytest.mark.parametrize("name", PURE)
def test_a_pure_module_opens_in_a_notebook(name):
    known = set(sys.stdlib_module_names) | {"numpy", "scipy", "phonenumbers", "persiantools"}
    pure = {module_of(ROOT / path) for path in PURE}
    strange = [
        module
        for module in imports_of(ROOT / name)
        if module.split(".")[0] not in known and not {module, module.rpartition(".")[0]} & pure
    ]
    assert strange == []


def test_a_web_process_starts_without_the_large_libraries():
    code = (
        "import sys, django; django.setup(); import loyalty.urls, loyalty.wsgi; "
        f"print(sorted({HEAVY!r} & {{name.split('.')[0] for name in sys.modules}}))"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "loyalty.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "[]"


# ---------- What nobody writes ----------


def test_errors_are_never_swallowed():
    broad = {"Exception", "BaseException", ""}
    found = [
        (path, node)
        for path, node in nodes(ast.ExceptHandler)
        if (ast.unparse(node.type) if node.type else "") in broad
    ]
    assert places(found) == []
    assert places(nodes(ast.Pass)) == []


def test_money_is_never_a_float():
    money = re.compile(r"(amount|price|minor|profit|monetary)(_\w+)?$")
    found = [
        (path, node)
        for path, node in nodes((ast.Assign, ast.AnnAssign, ast.keyword))
        if any(money.search(name) and "share" not in name for name in names_of(node))
        and re.search(r"\bfloat\(|FloatField\(", ast.unparse(node.value) if node.value else "")
    ]
    assert places(found) == []


def names_of(node: ast.Assign | ast.AnnAssign | ast.keyword) -> list[str]:
    if isinstance(node, ast.keyword):
        return [node.arg or ""]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [ast.unparse(target) for target in targets]


def test_a_task_is_asked_for_only_when_its_data_are_there():
    """`.delay` inside a transaction runs before the commit; only on_commit may hold it."""
    found = []
    for path in sources():
        promised = {
            id(part)
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("on_commit", "partial"))
            for part in ast.walk(node)
        }
        wakes = {
            id(part)
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.FunctionDef) and (name_of(path), node.name) in WAKES_A_WORKER
            for part in ast.walk(node)
        }
        found += [
            (path, node)
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.Attribute)
            and node.attr in ("delay", "apply_async")
            and id(node) not in promised | wakes
        ]
    assert places(found) == []


def test_nobody_prints():
    found = [
        (path, node)
        for path, node in nodes(ast.Call)
        if ast.unparse(node.func) == "print" and name_of(path) not in SPEAKS_ON_STDOUT
    ]
    assert places(found) == []


def test_markup_is_made_by_templates():
    makers = {"mark_safe", "SafeString", "format_html", "safestring"}
    found = [
        (path, node)
        for path, node in nodes((ast.Name, ast.Attribute))
        if (node.id if isinstance(node, ast.Name) else node.attr) in makers
        and name_of(path) not in MAKES_MARKUP
    ]
    assert places(found) == []


# Each with what it must find: a pattern that finds nothing anywhere proves nothing.
HABITS = {
    "the shop is set for one transaction only": (
        r"\bSET\s+(SESSION\s+)?app\.|set_config\([^)]*false",
        "SET app.shop_id = 1",
    ),
    "an answer is not streamed past its scope": (r"StreamingHttpResponse", "StreamingHttpResponse(rows())"),
    "CSRF is never switched off": (r"csrf_exempt", "@csrf_exempt"),
    "what is to be done stands in an issue": (r"\b(TODO|FIXME|XXX|HACK)\b", "# TODO: later"),
    "querysets take no loose SQL": (r"\.extra\(", 'rows.extra(where=["1=1"])'),
    "verbs are plain": (r"def (do|handle|process)_\w+", "def do_it():"),
}


@pytest.mark.parametrize("habit", HABITS)
def test_a_habit_of_the_house(habit):
    pattern, wrong = HABITS[habit]
    assert re.search(pattern, wrong)
    # What Django calls, it names.
    named_by_django = re.compile(r"def (process_(view|exception)|handle_no_permission)\b")
    found = [
        f"{name_of(path)}:{number}: {line.strip()}"
        for path in sources()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(pattern, line) and not named_by_django.search(line)
    ]
    assert found == []


def test_no_file_is_too_long_to_read():
    def lines(path: Path) -> int:
        return len(path.read_text(encoding="utf-8").splitlines())

    long = {name_of(path): lines(path) for path in sources() if lines(path) > MOST_LINES}
    long |= {name_of(path): lines(path) for path in sources("tests") if lines(path) > MOST_LINES_OF_A_TEST}
    assert long == {}
