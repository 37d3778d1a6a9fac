"""What somebody writes who means no good."""

from typing import Final

TERMINAL: Final = "\x9b31m\x9d0;owned\x9c\u202etxt.exe\u2066\u200b\u0085"
"""What XML can hold of what terminals obey: C1 controls, directional overrides, line ends."""

RUNNERS: Final = "::error file=x::owned %0A::add-mask::1 ##[set-output name=a]b ##vso[task.x]y"
"""What runners of CI obey in a log."""

SHELL: Final = "$(touch owned)`touch owned`;touch owned|'\"\\&&"

NAMES: Final = {
    "a path": "../../../etc/cron.d/owned",
    "an absolute path": "/etc/shadow",
    "a dot": ".",
    "two dots": "..",
    "a shell's": SHELL,
    "an option": "--help",
    "a terminal's": TERMINAL,
    "a runner's": RUNNERS,
    "combining": "a" + "\u0300\u0489" * 200,
    "right to left": "\u202e\u05d0\u05d1",
    "10,000 characters": "n" * 10_000,
    "10,000 characters that escape": "\x85" * 10_000,
    "beyond the plane": "\U0001f4a9\U000e0001",
    "blanks": " \t ",
    "a format": "%s%n{0}%(name)s",
}
"""Names as XML can hold them, by what is bad about them."""

NUMBERS: Final = (
    *("18446744073709551615", "18446744073709551616", "9223372036854775808", "9007199254740992"),
    *(
        "-1",
        "+1",
        "0x10",
        "1e3",
        "1_000",
        "\u0661\u0662",
        "٣",
        "1.5",
        "",
        " ",
        "NaN",
        "9" * 100_000,
    ),
)
"""Sizes that overflow or are none, for a unit of bytes."""


def escaped(text: str) -> str:
    """``text`` as content of an element."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def domain(name: str, tunables: str = "", *, more: str = "") -> bytes:
    """A definition with ``tunables`` in our element."""
    return (
        f"<domain type='kvm' id='1'><name>{escaped(name)}</name>"
        "<uuid>00000000-0000-4000-8000-000000000001</uuid>"
        "<memory unit='MiB'>64</memory><metadata><xr:resource xmlns:xr='urn:xmlresource:1'>"
        f"<xr:memory>{tunables}</xr:memory></xr:resource></metadata>{more}</domain>"
    ).encode()
