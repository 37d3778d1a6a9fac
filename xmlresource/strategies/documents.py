"""Documents that declare a policy, in any form, as domains or bare fragments."""

from collections.abc import Callable, Sequence
from typing import Final

from hypothesis import strategies as st

from xmlresource.formats.xml_text import expressible
from xmlresource.model.policy import MemoryPolicy
from xmlresource.record import record
from xmlresource.strategies.policies import policies
from xmlresource.strategies.sizes import spellings
from xmlresource.strategies.xml_writer import XmlWriter, habits
from xmlresource.tunables import BY_NAME, NAMESPACE, Form
from xmlresource.units import Amount

_BEFORE: Final = (
    "<uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>",
    "<title>a > b &amp; c</title>",
    "<description><![CDATA[<memtune>not this</memtune>]]></description>",
)
_MEMORY: Final = (
    "<memory unit='KiB'>4194304</memory>",
    '<currentMemory unit="KiB">4194304</currentMemory>',
)
# It limits a container, and no guarantee may be above it.
_CONTAINERS_MEMORY: Final = ("<memory unit='KiB'>9007199254740991</memory>",)
_AFTER: Final = (
    "<vcpu placement='static'>2</vcpu>",
    "<os><type arch='x86_64' machine='q35'>hvm</type></os>",
    "<features><acpi/></features>",
    "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator><input type='mouse'/></devices>",
)


@record
class Sample:
    """One document.

    Attributes:
        data: The document.
        policy: What it declares. "Unlimited" outside of memtune is an element left out, and the
            tunables that a form lacks are not in it.
        form: The form it declares it in.
    """

    data: bytes
    policy: MemoryPolicy
    form: Form


@st.composite
def documents(
    draw: st.DrawFn,
    *,
    form: Form | None = None,
    policy: MemoryPolicy | None = None,
    bare: bool | None = None,
) -> Sample:
    """Documents that the rules accept.

    Args:
        draw: Hypothesis'.
        form: The form to write; any by default.
        policy: The policy to write; any by default.
        bare: A bare fragment, or a whole domain; either by default.
    """
    form = form or draw(st.sampled_from(tuple(Form)))
    wanted = policy if policy is not None else draw(policies())
    said = expressible(wanted.items(), form)
    pen = XmlWriter(draw, draw(habits()))
    bare = draw(st.booleans()) if bare is None else bare
    domain_type = "lxc" if form is Form.MEMTUNE and "min_guarantee" in said else "kvm"
    pen.prolog()
    writer = Writer(pen, form)
    names = draw(st.permutations(tuple(said)))
    body = writer.body([DeclaredTunable(name, said[name]) for name in names])
    writer.document(body, bare=bare, domain_type=domain_type)
    return Sample(pen.data(), MemoryPolicy(**said, priority=None, balance=None), form)


@record
class DeclaredTunable:
    """A tunable to write; ``write`` writes it with a fault."""

    name: str
    amount: Amount
    write: Callable[["Writer", "DeclaredTunable", int], None] | None = None


class Writer:
    """Writes blocks and what stands around them."""

    def __init__(self, pen: XmlWriter, form: Form) -> None:
        self.pen = pen
        self.form = form
        self.prefix = ""
        self.declaration: tuple[str, str] | None = None
        if form is Form.METADATA:
            prefix = pen.draw(st.sampled_from(("xr", "xr", "mem", "")))
            self.prefix = f"{prefix}:" if prefix else ""
            self.declaration = (f"xmlns:{prefix}" if prefix else "xmlns", NAMESPACE)

    def element_name(self, name: str) -> str:
        """The element of the tunable ``name``, with its prefix."""
        return f"{self.prefix}{BY_NAME[name].element_in(self.form)}"

    def good(self, tunable: DeclaredTunable) -> None:
        """One tunable as it should be."""
        pen, name = self.pen, self.element_name(tunable.name)
        spelling = pen.draw(spellings(tunable.amount))
        pen.put(f"<{name}")
        if spelling.unit is not None:
            pen.attribute("unit", spelling.unit)
        before, after = pen.draw(
            st.sampled_from((("", ""), ("", ""), ("<!-- > -->", ""), ("<![CDATA[", "]]>")))
        )
        pen.put(">")
        pen.mark()
        pen.put(f"{before}{spelling.value}{after}</{name}>")

    def body(self, tunables: Sequence[DeclaredTunable]) -> Callable[[int], None]:
        """The block: ``<memory>`` or ``<memtune>`` with its container."""

        def write(level: int) -> None:
            if self.form is Form.MEMTUNE:
                self._wrapped("memtune", level, lambda inner: self._tunables(tunables, inner))
                return

            def memory(inner: int) -> None:
                self._wrapped(
                    f"{self.prefix}memory", inner, lambda inmost: self._tunables(tunables, inmost)
                )

            self._wrapped(f"{self.prefix}resource", level, memory, self.declaration)

        return write

    def document(self, body: Callable[[int], None], *, bare: bool, domain_type: str) -> None:
        """The block in a domain, or by itself."""
        if bare:
            body(0)
            return
        pen = self.pen
        before = pen.draw(st.lists(st.sampled_from(_BEFORE), unique=True))
        memory = _CONTAINERS_MEMORY if domain_type == "lxc" else _MEMORY
        after = pen.draw(st.lists(st.sampled_from((*memory, *_AFTER)), unique=True))
        pen.put("<domain")
        pen.attribute("type", domain_type)
        pen.put(">")
        for other in ("<name>größe</name>", *before):
            self._other(other)
        self._own(body)
        for other in after:
            self._other(other)
        pen.line(0)
        pen.put("</domain>")

    def _other(self, text: str) -> None:
        self.pen.line(1)
        self.pen.put(text)

    def _own(self, body: Callable[[int], None]) -> None:
        self.pen.line(1)
        if self.form is not Form.METADATA:
            body(1)
            return

        def metadata(inner: int) -> None:
            if self.pen.draw(st.booleans()):
                self.pen.put("<o:other xmlns:o='urn:other'><o:memory>1</o:memory></o:other>")
                self.pen.line(inner)
            body(inner)

        self._wrapped("metadata", 1, metadata)

    def _tunables(self, tunables: Sequence[DeclaredTunable], level: int) -> None:
        for place, tunable in enumerate(tunables):
            if place:  # the first one's line is there already
                self.pen.line(level)
            if tunable.write is not None:
                tunable.write(self, tunable, level)
            else:
                self.good(tunable)

    def _wrapped(
        self,
        name: str,
        level: int,
        content: Callable[[int], None],
        attribute: tuple[str, str] | None = None,
    ) -> None:
        self.pen.put(f"<{name}")
        if attribute:
            self.pen.attribute(*attribute)
        self.pen.put(">")
        self.pen.line(level + 1)
        content(level + 1)
        self.pen.line(level)
        self.pen.put(f"</{name}>")
