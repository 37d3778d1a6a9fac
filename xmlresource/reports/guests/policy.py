"""A policy as text and as JSON."""

from typing import Any

from xmlresource.formats.guest_attributes import written_attributes
from xmlresource.formats.quantities import format_quantity
from xmlresource.operations.editing.show import Shown
from xmlresource.printable import one_line
from xmlresource.tunables import MEMORY
from xmlresource.units import Amount, Unlimited, format_amount


def as_text(shown: Shown) -> str:
    """One line a tunable that is set: name, size, form."""
    heading = one_line(shown.domain) if shown.domain else "(no domain)"
    attributes = dict(shown.policy.attributes())
    if not shown.resources and not attributes:
        return f"{heading}: no tunables\n"
    told = [(name, format_amount(amount)) for name, amount in shown.policy.items()]
    told += [
        (str(name), format_quantity(name.tunable.quantity, amount))
        for name, amount in shown.resources.quantities()
    ]
    widest = max([16, *(len(one_line(name)) for name, _ in told)])
    lines = [
        f"  {one_line(name):<{widest}} {amount:>14}  {shown.forms[name].value}"
        for name, amount in told
    ]
    lines += [f"  {name:<{widest}} {text:>14}" for name, text in written_attributes(attributes)]
    return "\n".join([heading, *lines]) + "\n"


def as_json(shown: Shown) -> dict[str, Any]:
    """The shape of ``show --json``: sizes in bytes, ``"unlimited"``, or null where not set.

    ``priority``, ``balance``, ``cpu`` and ``io`` are there where one is declared, in the policies'
    own units.
    """
    written = shown.resources.to_json()
    families = {"cpu": shown.resources.cpu, "io": shown.resources.io}
    used = {form.value for form in shown.forms.values()}
    return {
        "domain": shown.domain,
        "form": None if not used else used.pop() if len(used) == 1 else "mixed",
        **dict(shown.policy.attributes()),
        "tunables": {row.name: _amount(shown.policy[row.name]) for row in MEMORY},
        **{name: written[name] for name, policy in families.items() if policy},
        "forms": {name: form.value for name, form in shown.forms.items()},
    }


def _amount(amount: Amount | None) -> int | str | None:
    return amount.value if isinstance(amount, Unlimited) else amount
