"""The rooms stay rooms: few siblings, small modules, one name for one thing, imports at the top.

`lint-imports` holds the layers and that there is no import circle; here is what it can't see.
"""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "xmlresource"
MODULES = sorted(path for path in ROOT.rglob("*.py") if path.name != "__init__.py")
PACKAGES = sorted(path.parent for path in ROOT.rglob("__init__.py"))

MOST_ON_THE_GROUND_FLOOR = 12
MOST_SIBLINGS = 15
MOST_LINES = 400

#: Rooms in which a module a command stands, or nothing but rooms.
WITH_MANY_SIBLINGS = {ROOT, ROOT / "cli"}

#: Modules of the same name are the same thing in several layers: a command and its report, a file
#: and its parser. These are it without being named after a command.
IN_SEVERAL_LAYERS = {
    "codes": "the registry of rules, and its page",
    "decision": "a decision of admission, and its report",
    "demand": "what a guest asks for, and its report",
    "diagnostics": "findings, and their report",
    "domain": "a guest's definition as data, and its reader",
    "errors": "the exceptions of a package",
    "host_facts": "the kernel's text files, and opening them",
    "host_settings": "/etc/xmlresource.toml: its text, and opening it",
    "repository_settings": "a repository's settings: their text, and finding them",
    "libvirt": "the adapter to it, and what is special about it",
    "limits": "bounds on documents; the engine has its own",
    "measure": "a guest measured, and its report",
    "policy": "a guest's policy, and its report",
    "protection": "what cgroups above guests protect: read, and kept",
    "relations": "what must not exceed what, in a document and in a running guest",
    "unit_files": "systemd's unit files: their text, and opening them",
    "blanks": "what they are, and what libxml2 makes of them",
    "assignments": "NAME=VALUE, and reading it from the command line",
    "host": "the host as data, and the host that an operation is on",
    "wording": "sentences on what is wrong in a document, and on why memory moves",
    "memory_use": "what a guest's cgroup and processes have, and the room that reports it",
}

COMMANDS = {path.stem for room in ("cli", "cli/fleet") for path in (ROOT / room).glob("*.py")}

#: Modules that import inside functions, and why what they import must not be loaded with them.
#: The hook starts with every guest and a validator with every commit: both are mostly imports.
IMPORT_LATE = {
    "hook.py": "the hook's path",
    "hypothesis_plugin.py": "Hypothesis imports it in every test run of everybody",
    "cli/__init__.py": "dispatch",
    "cli/history.py": "dispatch",
    "cli/status.py": "dispatch; libvirt is an extra",
    "cli/shared/parser.py": "a validator's start: only a mistake is explained",
    "cli/validate.py": "dispatch: one format of seven",
    "admission/demand.py": "the hook's path: devices are rare",
    "configuration/host_settings.py": "the hook's path: most hosts are in no fleet",
    "configuration/toml_text.py": "the hook's path: most hosts have no settings",
    "configuration/repository_settings.py": "a validator's start: most runs find no settings",
    "promises/promise_line.py": "the hook's path: few promises are about CPU time",
    "reports/layout/style.py": "a validator's start: only a terminal has a width",
    "system/files/ignore_patterns.py": "a validator's start: pathspec takes as long as a small run",
    "system/terminal/appearance.py": "a validator's start: only for a terminal",
    "document/document.py": "the hook's path: it edits nothing",
    "document/errors.py": "the hook's path: a document that can't be read is rare",
    "document/forms.py": "the hook's path: priorities are rare",
    "document/parsed_document.py": "the hook's path: CPU time and IO are rare",
    "document/tree.py": "the hook's path: a document that is not well-formed is rare",
    "fleet/packing/exact_packing.py": "OR-tools is an extra, and takes a second to import",
    "interchange/readers/kubevirt.py": "PyYAML is an extra",
    "model/policy.py": "the hook's path: it formats nothing",
    "operations/fleet/claiming.py": "psycopg is an extra",
    "operations/fleet/fleet_setup.py": "psycopg is an extra",
    "operations/administration/status.py": "v2 alone needs it",
    "operations/ancestors/protection.py": "the hook's path: recovery is rare",
    "operations/ancestors/release.py": "the hook's path: v2 alone needs it",
    "operations/guests/adoption.py": "the hook's path: definitions are seldom raised",
    "operations/guests/enforcement.py": "the hook's path: v2 alone needs it",
    "operations/guests/hook_events.py": "the hook's path: an operation loads its own half",
    "operations/guests/lifecycle.py": "the hook's path: few guests are promised CPU time",
    "operations/guests/plan.py": "v2 alone needs it",
    "operations/promises/admission_check.py": "the hook's path: most starts fit at once",
    "operations/promises/ledger_sight.py": "the hook's path: doubts are rare",
    "operations/promises/prepare.py": "the hook's path: refusals and boot queues are rare",
    "operations/validation/libvirt_schemas.py": "a validator's start: findings are remembered",
    "operations/validation/validate.py": "a validator's start: no tree is read for paths",
    "operations/validation/document_checker.py": "a validator's start: findings are remembered",
    "operations/validation/domain_schema.py": "a validator's start: only faults are explained",
    "overhead/table.py": "a validator's start: the table is read once, when it is asked for",
    "printable.py": "the hook's path: names are not endless",
    "relaxng/__init__.py": "a validator's start",
    "relaxng/schema.py": "a validator's start: only faults are explained",
    "relaxng/libxml2/child_order.py": "a validator's start: most children are in order",
    "relaxng/loading/files.py": "a validator's start: pathlib is slow to import",
    "relaxng/loading/grammar_cache.py": "a validator's start: grammars are cached",
    "relaxng/xsd/datatypes.py": "a validator's start: rare datatypes",
    "relaxng/xsd/lexical.py": "a validator's start: rare datatypes",
    "relaxng/xsd/regex.py": "a validator's start: rare expressions",
    "reports/findings/diagnostics.py": "a validator's start",
    "reports/findings/excerpt.py": "a validator's start",
    "reports/findings/locations.py": "a validator's start: two formats need it",
    "rules/__init__.py": "the hook's path: it needs no table of overheads",
    "rules/diagnosis.py": "the hook's path: a faultless policy needs no code",
    "rules/fixes.py": "the hook's path: a faultless policy needs none",
    "rules/structure.py": "the hook's path: a faultless policy needs none",
    "rules/values.py": "the hook's path: a faultless policy needs none",
    "system/light_typing.py": "it is what others need not import",
    "system/syscalls.py": "the hook's path: two starts seldom meet",
    "system/hardware/workers.py": "a validator's start: most runs have one process",
    "system/files/document_files.py": "a validator's start: shells resolve patterns",
}


def children(package: Path) -> list[str]:
    modules = [path.stem for path in package.glob("*.py") if not path.stem.startswith("__")]
    rooms = [path.name for path in package.iterdir() if (path / "__init__.py").exists()]
    return modules + rooms


def test_the_ground_floor_is_small() -> None:
    floor = [path.stem for path in ROOT.glob("*.py") if not path.stem.startswith("__")]
    assert len(floor) <= MOST_ON_THE_GROUND_FLOOR, sorted(floor)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_has_few_siblings(package: Path) -> None:
    if package not in WITH_MANY_SIBLINGS:
        assert len(children(package)) <= MOST_SIBLINGS, sorted(children(package))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_small(module: Path) -> None:
    assert len(module.read_text().splitlines()) <= MOST_LINES


def test_one_name_is_one_thing() -> None:
    places = defaultdict(list)
    for module in MODULES:
        if not module.stem.startswith("__"):
            places[module.stem].append(str(module.relative_to(ROOT)))
    shared = {name: found for name, found in places.items() if len(found) > 1}
    unexplained = {
        name: found
        for name, found in shared.items()
        if name not in COMMANDS and name not in IN_SEVERAL_LAYERS
    }
    assert not unexplained
    rooms = {path.name for path in PACKAGES}
    assert not {name for name in IN_SEVERAL_LAYERS if name not in shared and name not in rooms}


def test_one_class_has_one_name() -> None:
    places = defaultdict(list)
    for module in MODULES:
        for node in ast.parse(module.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(module.relative_to(ROOT)))
    assert not {name: found for name, found in places.items() if len(found) > 1}


def late_imports(module: Path) -> bool:
    functions = (
        node
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return any(
        isinstance(inner, ast.Import | ast.ImportFrom)
        for function in functions
        for inner in ast.walk(function)
    )


def test_imports_stand_at_the_top_but_where_a_start_would_pay() -> None:
    late = {
        str(path.relative_to(ROOT)) for path in sorted(ROOT.rglob("*.py")) if late_imports(path)
    }
    assert late == set(IMPORT_LATE)


def test_there_is_one_kind_of_record() -> None:
    """The engine stands on the standard library alone: docs/decisions/records.md."""
    engine = ROOT / "relaxng"
    others = [path for path in MODULES if engine not in path.parents]
    assert not [path.name for path in others if "import dataclasses" in path.read_text()]
    assert not [path.name for path in others if "from dataclasses" in path.read_text()]
