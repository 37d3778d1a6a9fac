"""The man pages: of the program, of each command, of its settings and of the hook."""

from collections.abc import Iterator
from typing import Final

from argparse_manpage.manpage import Manpage

from manual import roff
from xmlresource.cli import COMMANDS, command_parser
from xmlresource.cli.shared.command_help import HELP
from xmlresource.configuration.balance_settings import BALANCE_SETTINGS
from xmlresource.configuration.host_settings import PATH, SETTINGS
from xmlresource.errors import ExitStatus
from xmlresource.system.libvirt.hook_files import DRIVERS, path_of
from xmlresource.system.state.private_folder import FOLDER

SUMMARY: Final = "memory limits and guarantees in libvirt domain XML"
STATUSES: Final = {
    ExitStatus.FINE: "fine",
    ExitStatus.FINDINGS: "findings: a document has errors, or a host has faults",
    ExitStatus.USAGE: "bad usage, or input that can't be read",
    ExitStatus.REFUSED: "refused: a guarantee can't be kept",
    ExitStatus.ROLLED_BACK: "the kernel refused a value, and what was written is undone",
}
OPERATIONS: Final = {
    "prepare": "The guest is about to start: its policy is checked and its guarantee promised. "
    "A refusal ends the start.",
    "started": "The guest's process is there: its policy is written to its cgroup. Where that "
    "fails, everything is undone and libvirt ends the guest.",
    "stopped, release": "The promise is dropped, and what cgroups above the guest carried for it.",
    "reconnect": "libvirt's daemon has started anew: the running guest is taken in again. The "
    "exit status is always 0, because libvirt would kill the guest otherwise.",
    "migrate, restore": "The guest is to come here: decided as for prepare, without a promise.",
}
FILES: Final = {
    PATH: "the host's settings, xmlresource.toml(5)",
    FOLDER: "the ledger of promises and the history; gone after a boot",
    **{path_of(driver): f"the hook of libvirt's {driver} driver" for driver in DRIVERS},
}


def pages() -> dict[str, str]:
    """The text of each page, by its path below ``/usr/share``."""
    return {
        "man/man1/xmlresource.1": _program(),
        **{f"man/man1/xmlresource-{name}.1": _command(name) for name in COMMANDS},
        "man/man5/xmlresource.toml.5": _settings(),
        "man/man8/xmlresource-hook.8": _hook(),
    }


def _program() -> str:
    return roff.page(
        [roff.header("xmlresource", 1)],
        roff.section("NAME", roff.text(f"xmlresource - {SUMMARY}")),
        roff.section(
            "SYNOPSIS",
            r".B xmlresource",
            r"[\fB\-h\fR] [\fB\-\-version\fR] \fICOMMAND\fR [\fIARGUMENT\fR ...]",
        ),
        roff.section(
            "DESCRIPTION",
            roff.text(
                "xmlresource checks the memory policies of libvirt guests, generates them, and "
                "enforces them when a guest starts: a guest whose guarantee can't be kept is not "
                "started."
            ),
        ),
        roff.section("OPTIONS", *roff.tagged(_OPTIONS.items())),
        roff.section("COMMANDS", *roff.tagged(_commands())),
        _exit_statuses(),
        roff.section("FILES", *roff.tagged(FILES.items())),
        _see_also("xmlresource.toml(5)", "xmlresource-hook(8)", "virsh(1)"),
    )


_OPTIONS: Final = {
    "-h, --help": "show the commands, or with a command its options",
    "--version": "show the version",
}


def _commands() -> Iterator[tuple[str, str]]:
    for name, line in COMMANDS.items():
        yield f"xmlresource {name}", f"{line}; see xmlresource-{name}(1)"


def _command(name: str) -> str:
    """The page of a command, its options as argparse-manpage prints them."""
    parser = command_parser(name)
    made = Manpage(parser)
    made.prog = f"xmlresource-{name}"
    made.description = COMMANDS[name]
    help_ = HELP[name]
    # Of the page the body alone: its first line has no place for the program's and the manual's
    # name.
    _, _, body = str(made).partition("\n")
    body = "\n".join(_tidied(body.splitlines()))
    return roff.page(
        [roff.header(made.prog, 1), body],
        roff.section(
            "EXIT STATUS", *roff.tagged((str(number), words) for number, words in help_.statuses)
        ),
        roff.section("EXAMPLES", *roff.literal(f"xmlresource {each}" for each in help_.examples)),
        _see_also("xmlresource(1)", "xmlresource.toml(5)"),
    )


def _tidied(lines: list[str]) -> Iterator[str]:
    """The lines without those that are empty, which mean nothing in a man page."""
    for line in lines:
        if line.strip():
            yield line.strip()


def _settings() -> str:
    every = [(each.name, each) for each in SETTINGS]
    every += [(f"balance.{each.name}", each) for each in BALANCE_SETTINGS]
    items = [(name, f"{each.help}. Default or example: {each.example}.") for name, each in every]
    return roff.page(
        [roff.header("xmlresource.toml", 5)],
        roff.section("NAME", roff.text("xmlresource.toml - settings of a host")),
        roff.section("SYNOPSIS", roff.text(PATH)),
        roff.section(
            "DESCRIPTION",
            roff.text(
                "The file is optional, and only root may be able to write it. It is TOML. Where it "
                "can't be used, guests with a policy are refused; guests without one start. "
                "xmlresource config prints each setting that is in force, and where it comes from."
            ),
        ),
        roff.section("SETTINGS", *roff.tagged(items)),
        roff.section(
            "EXAMPLES",
            *roff.literal(
                ('host_reserve = "2GiB"', "", "[partitions]", '"/machine/prod" = "64GiB"')
            ),
        ),
        _see_also("xmlresource-config(1)", "xmlresource-hook(8)"),
    )


def _hook() -> str:
    return roff.page(
        [roff.header("xmlresource-hook", 8)],
        roff.section("NAME", roff.text("xmlresource-hook - what libvirt calls for its guests")),
        roff.section("SYNOPSIS", r"\fBxmlresource\-hook\fR \fIGUEST\fR \fIOPERATION\fR"),
        roff.section(
            "DESCRIPTION",
            roff.text(
                "libvirt calls it with a guest's live XML on standard input. A guest without a "
                "policy is never delayed or blocked, whatever is broken on the host; a guest with "
                "one is refused where its policy can't be put in force. xmlresource hook install "
                "puts it in place, and never a package by itself."
            ),
        ),
        roff.section("OPERATIONS", *roff.tagged(OPERATIONS.items())),
        _exit_statuses(),
        roff.section("FILES", *roff.tagged(FILES.items())),
        _see_also("xmlresource-hook(1)", "xmlresource-doctor(1)", "xmlresource.toml(5)"),
    )


def _exit_statuses() -> list[str]:
    items = ((str(int(status)), words) for status, words in STATUSES.items())
    return roff.section("EXIT STATUS", *roff.tagged(items))


def _see_also(*names: str) -> list[str]:
    return roff.section("SEE ALSO", roff.text(", ".join(names)))
