"""The tunables of one guest.

Its ways to and from XML, elements, libvirt's parameters and JSON are modules of their own beside
this one, and imported when used: the hook, which runs at every guest start, needs none of them.
"""

from xmlresource.record import record
from xmlresource.tunables import ATTRIBUTES, MEMORY, Form
from xmlresource.units import Amount, Unlimited

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Self

    from xmlresource.formats.elements import TreeElement
    from xmlresource.formats.json_form import JsonAmount


@record
class MemoryPolicy:
    """The memory that one guest may use and must get, in bytes.

    ``None`` is "not said". A limit may be ``UNLIMITED``; a guarantee is a size. The meaning of each
    is in the table ``tunables.MEMORY``; the relations between them are ``rules``' business, so that
    a policy can hold what a faulty document says.

    ``priority`` and ``balance`` are no tunables: they decide whose guarantee comes first while a
    host starts its guests, and whether the guest's memory may be moved, and say nothing by
    themselves.

    Raises:
        TypeError: A size is no whole number of bytes.
        ValueError: A size is negative, or an attribute says what it can't.
    """

    hard_limit: Amount | None = None
    soft_limit: Amount | None = None
    min_guarantee: Amount | None = None
    swap_hard_limit: Amount | None = None
    swap_soft_limit: Amount | None = None
    priority: int | None = None
    balance: bool | None = None

    def __post_init__(self) -> None:
        for name, value in self.attributes():
            from xmlresource.formats.guest_attributes import check_attribute  # noqa: PLC0415

            check_attribute(name, value)
        for name, amount in self.items():
            if amount.__class__ is not int and not isinstance(amount, Unlimited):
                from xmlresource.formats.misuse import refuse_size  # noqa: PLC0415 -- a mistake

                refuse_size(name, amount)
            if not isinstance(amount, Unlimited) and amount < 0:
                raise ValueError(f"{name} is negative: {amount}")

    def __getitem__(self, name: str) -> Amount | None:
        amount: Amount | None = getattr(self, name)
        return amount

    def __bool__(self) -> bool:
        return any(True for _ in self.items())

    def items(self) -> "Iterator[tuple[str, Amount]]":
        """The tunables that are set, by name, in the table's order."""
        for tunable in MEMORY:
            amount = self[tunable.name]
            if amount is not None:
                yield tunable.name, amount

    def attributes(self) -> "Iterator[tuple[str, int | bool]]":
        """What is said beside tunables, by name: the priority, the balance."""
        for name in ATTRIBUTES:
            value = getattr(self, name)
            if value is not None:
                yield name, value

    @property
    def guarantee(self) -> int:
        """The bytes to promise: ``min_guarantee``, or 0 where none is declared."""
        amount = self.min_guarantee
        return amount if isinstance(amount, int) else 0

    def to_xml(self, form: Form = Form.METADATA) -> str:
        """A bare fragment of ``form``, in lines.

        What the form can't say is left out; ``operations.generate`` reports it.

        Raises:
            TypeError: ``form`` is none.
            ValueError: No document can hold an amount.
        """
        from xmlresource.formats.misuse import check_form  # noqa: PLC0415
        from xmlresource.formats.xml_text import XmlStyle, policy_element, render  # noqa: PLC0415

        check_form(form)
        return render(
            policy_element(self.items(), form, attributes=dict(self.attributes())), XmlStyle()
        )

    def to_element(self, form: Form = Form.METADATA, library: "Any" = None) -> "Any":
        """A bare fragment of ``form`` as an element.

        Args:
            form: The form; what it can't say is left out.
            library: ``lxml.etree``, or ``xml.etree.ElementTree``, which is the default.

        Raises:
            ValueError: No document can hold an amount.
        """
        from xmlresource.formats.elements import to_element  # noqa: PLC0415
        from xmlresource.formats.misuse import check_form  # noqa: PLC0415

        check_form(form)
        if library is None:
            from xml.etree import ElementTree as ET  # noqa: PLC0415

            library = ET

        return to_element(self.items(), form, library, dict(self.attributes()))

    @classmethod
    def from_element(cls, element: "TreeElement") -> "Self":
        """The policy that an element of lxml or ElementTree declares: a domain or a fragment.

        Raises:
            ValueError: A value can't be read, or is declared twice with different values.
        """
        from xmlresource.formats.elements import attributes_in, from_element  # noqa: PLC0415

        return cls._of(from_element(element), attributes_in(element))

    def to_params(self) -> dict[str, int]:
        """The typed parameters of libvirt, in KiB, for ``virDomainSetMemoryParameters``.

        Raises:
            ValueError: libvirt has no such parameter (``swap_soft_limit``), or can't hold it.
        """
        from xmlresource.formats.parameters import to_parameters  # noqa: PLC0415

        return to_parameters(self.items())

    @classmethod
    def from_params(cls, parameters: "Mapping[str, int]") -> "Self":
        """The policy from the parameters that ``virDomainGetMemoryParameters`` gave.

        Raises:
            ValueError: A parameter is unknown, or no size.
        """
        from xmlresource.formats.parameters import from_parameters  # noqa: PLC0415

        return cls._of(from_parameters(parameters), {})

    def to_json(self) -> "dict[str, JsonAmount]":
        """All tunables: bytes, ``"unlimited"`` or ``None``; and the attributes that are set."""
        from xmlresource.formats.json_form import to_json  # noqa: PLC0415

        return {**to_json(self.items()), **dict(self.attributes())}

    @classmethod
    def from_json(cls, value: "Mapping[str, object]") -> "Self":
        """The policy that ``value`` says, as ``schemas/policy.schema.json`` describes it.

        Raises:
            ValueError: The schema refuses it.
        """
        from xmlresource.formats.guest_attributes import check_attribute  # noqa: PLC0415
        from xmlresource.formats.json_form import from_json  # noqa: PLC0415

        tunables = {name: each for name, each in value.items() if name not in ATTRIBUTES}
        said = {name: check_attribute(name, value.get(name)) for name in ATTRIBUTES}
        return cls._of(from_json(tunables), said)

    @classmethod
    def _of(cls, amounts: "Mapping[str, Any]", attributes: "Mapping[str, Any]") -> "Self":
        return cls(**amounts, **attributes)
