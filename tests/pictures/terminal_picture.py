"""A picture of a terminal: the text that a program printed, in its colours, as SVG."""

import io
from typing import Final

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

_THEME: Final = TerminalTheme(
    (30, 30, 46),
    (222, 226, 240),
    [
        (69, 71, 90),
        (243, 119, 131),
        (130, 205, 130),
        (240, 190, 100),
        (90, 150, 250),
        (190, 130, 240),
        (80, 200, 210),
        (186, 194, 222),
    ],
    [
        (128, 134, 160),
        (243, 119, 131),
        (130, 205, 130),
        (245, 205, 125),
        (120, 170, 255),
        (205, 155, 250),
        (125, 220, 235),
        (240, 240, 250),
    ],
)

# Rich's own has its font fetched from another site, which readers would do without knowing.
_FORMAT: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<style>
.{unique_id}-matrix {{
font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace;
font-size: {char_height}px;
line-height: {line_height}px;
}}
.{unique_id}-title {{
font-size: 16px;
font-family: sans-serif;
}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def picture(title: str, printed: str, columns: int) -> str:
    """The picture of a terminal on which ``printed``, with escapes for colours, is to be seen."""
    console = Console(
        record=True, width=columns, file=io.StringIO(), force_terminal=True, legacy_windows=False
    )
    console.print(Text.from_ansi(printed), soft_wrap=False, highlight=False)
    drawn = console.export_svg(title=title, theme=_THEME, code_format=_FORMAT, unique_id="terminal")
    return "\n".join(line.strip() for line in drawn.splitlines() if line.strip()) + "\n"
