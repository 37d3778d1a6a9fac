"""The end of each command's help: examples, and what its exit statuses mean."""

from typing import Final

from xmlresource.record import record

_USAGE: Final = (2, "bad usage, or input that can't be read")
_FINE: Final = (0, "done")
_FAULTY: Final = (1, "a document has errors; nothing was written")
_REFUSED: Final = (3, "refused: the guarantee can't be promised")
_UNDONE: Final = (4, "the kernel refused a value, and what was written is undone")


@record
class CommandHelp:
    """The end of one command's help.

    Attributes:
        examples: Command lines, without the program's name.
        statuses: Exit statuses, each with its meaning.
    """

    examples: tuple[str, ...]
    statuses: tuple[tuple[int, str], ...]

    def __str__(self) -> str:
        """The text."""
        examples = "".join(f"  xmlresource {example}\n" for example in self.examples)
        statuses = "".join(f"  {number}  {meaning}\n" for number, meaning in self.statuses)
        return f"examples:\n{examples}\nexit status:\n{statuses}"


HELP: Final = {
    "validate": CommandHelp(
        (
            "validate .",
            "validate --domain-schema required --output-format sarif domains/ > findings.sarif",
            "validate --fix domains/web.xml",
            "validate --select XR2,guarantee-above-hard-limit 'hosts/**/*.xml'",
            "validate --stdin-filename web.xml - < web.xml",
        ),
        (
            (0, "fine, also with warnings"),
            (1, "errors were found"),
            (2, "bad usage, a file that can't be read, nothing to check, or a missing schema"),
        ),
    ),
    "explain": CommandHelp(
        ("explain XR301", "explain guarantee-above-hard-limit", "explain"),
        ((0, "done"), (2, "there is no such rule")),
    ),
    "show": CommandHelp(
        ("show web.xml", "virsh dumpxml web | xmlresource show --json -"), (_FINE, _FAULTY, _USAGE)
    ),
    "set": CommandHelp(
        (
            "set web.xml hard_limit=6GiB min_guarantee=4GiB",
            "set web.xml hard_limit=auto --diff",
            "set web.xml hard_limit=none --in-place",
        ),
        (_FINE, _FAULTY, _USAGE),
    ),
    "convert": CommandHelp(
        ("convert web.xml --to metadata", "convert domains/*.xml --to metadata --in-place"),
        (_FINE, _FAULTY, _USAGE),
    ),
    "generate": CommandHelp(
        ("generate hard_limit=6GiB min_guarantee=4GiB", "generate hard_limit=6GiB --form memtune"),
        (_FINE, _FAULTY, _USAGE),
    ),
    "import": CommandHelp(
        (
            "import web.ovf",
            "import web.vmx --source-mhz 2600 --into web.xml --in-place",
            "import exported/ --into domains/ --diff",
        ),
        (
            (0, "done, also where values were dropped"),
            (1, "a source or the guest has errors; the guest is as it was"),
            _USAGE,
        ),
    ),
    "export": CommandHelp(
        ("export web.xml --to ovf", "export web.xml --to kubevirt -o web.yaml"),
        (_FINE, _FAULTY, _USAGE),
    ),
    "overhead": CommandHelp(
        ("overhead web.xml", "overhead --json domains/"),
        (_FINE, (1, "a document is no domain; the others are estimated"), _USAGE),
    ),
    "measure": CommandHelp(("measure web",), (_FINE, _USAGE)),
    "check": CommandHelp(
        ("check web.xml", "check --explain web.xml db.xml"),
        ((0, "all would be admitted"), (1, "a document has errors"), _USAGE, _REFUSED),
    ),
    "plan": CommandHelp(("plan web.xml", "plan --json web.xml"), (_FINE, _FAULTY, _USAGE)),
    "apply": CommandHelp(
        ("apply web", "apply --all"),
        (_FINE, (1, "its policy has errors"), _USAGE, _REFUSED, _UNDONE),
    ),
    "memtune": CommandHelp(
        ("memtune web", "memtune web --hard-limit 6GiB --min-guarantee 4GiB --live --config"),
        (_FINE, (1, "the values contradict each other"), _USAGE, _REFUSED, _UNDONE),
    ),
    "tune": CommandHelp(
        (
            "tune web cpu_hard_limit=1.5 cpu_share=200",
            "tune web vda.iops_hard_limit.read=500 --live --config",
        ),
        (_FINE, (1, "the values contradict each other"), _USAGE, _UNDONE),
    ),
    "reclaim": CommandHelp(
        (
            "reclaim web --to 2GiB",
            "reclaim web --give-back",
            "reclaim --host 8GiB --dry-run",
        ),
        (_FINE, _USAGE, (3, "the guest did not give so much, or nobody agreed"), _UNDONE),
    ),
    "balance": CommandHelp(
        ("balance", "balance --dry-run", "balance --once --json"),
        (
            (0, "done, or ended by a signal"),
            (2, "bad usage, unusable settings, another one runs, or a step could not be done"),
        ),
    ),
    "status": CommandHelp(
        (
            "status",
            "status --json",
            "status --watch 5",
            "status --html -o host.html",
            "status --prometheus -o /var/lib/prometheus/node-exporter/xmlresource.prom",
        ),
        (_FINE, _USAGE),
    ),
    "history": CommandHelp(
        ("history", "history --guest web --since 2h", "history --json --limit 0"), (_FINE, _USAGE)
    ),
    "config": CommandHelp(("config", "config --json", "config --file new.toml"), (_FINE, _USAGE)),
    "doctor": CommandHelp(
        ("doctor", "doctor --json", "doctor --quiet"),
        ((0, "fine, also with warnings"), (1, "errors were found"), _USAGE),
    ),
    "hook": CommandHelp(
        ("hook status", "hook install --systemd", "hook uninstall"), (_FINE, _USAGE)
    ),
    "fleet": CommandHelp(
        (
            "fleet init --host host7",
            "fleet publish",
            "fleet status",
            "fleet claim web.xml --ttl 30m",
            "fleet release web.xml",
        ),
        (_FINE, _FAULTY, _USAGE, (3, "refused: it fits on no host")),
    ),
    "server": CommandHelp(
        ("server", "server --tcp 6010"),
        ((0, "the editor has left"), (2, "bad usage, the port is taken, or pygls is missing")),
    ),
}
"""The end of each command's help, by the command's name."""
