import pytest

from xmlresource.document import Document
from xmlresource.document.forms import tunable_of
from xmlresource.model.policy import MemoryPolicy
from xmlresource.tunables import MEMORY, NAMESPACE, Form
from xmlresource.units import KIB, UNLIMITED

GIB = KIB**3
XMLNS = f"xmlns:xr='{NAMESPACE}'"


def read(text):
    return Document.parse(text.encode())


RESOURCE = (
    "<memory><memoryHardLimit unit='GiB'>5</memoryHardLimit>"
    "<memoryMinGuarantee unit='GiB'>2</memoryMinGuarantee></memory>"
)
METADATA = (
    f"<xr:resource {XMLNS}><xr:memory><xr:memoryHardLimit unit='GiB'>5</xr:memoryHardLimit>"
    "<xr:memoryMinGuarantee unit='GiB'>2</xr:memoryMinGuarantee></xr:memory></xr:resource>"
)
MEMTUNE = (
    "<memtune><hard_limit unit='GiB'>5</hard_limit>"
    "<min_guarantee unit='GiB'>2</min_guarantee></memtune>"
)
POLICY = MemoryPolicy(hard_limit=5 * GIB, min_guarantee=2 * GIB)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (f"<resource>{RESOURCE}</resource>", Form.RESOURCE),
        (f"<domain><resource>{RESOURCE}</resource></domain>", Form.RESOURCE),
        (
            f"<domain><resource><partition>/m</partition>{RESOURCE}</resource></domain>",
            Form.RESOURCE,
        ),
        (METADATA, Form.METADATA),
        (f"<domain><metadata>{METADATA}</metadata></domain>", Form.METADATA),
        (METADATA.replace("xr:", "").replace("xmlns:xr", "xmlns"), Form.METADATA),
        (METADATA.replace("xr:", "").replace(":xr=", "="), Form.METADATA),
        (
            f"""<xr:memory {XMLNS}><xr:memoryHardLimit unit='GiB'>5</xr:memoryHardLimit>
            <xr:memoryMinGuarantee unit='GiB'>2</xr:memoryMinGuarantee></xr:memory>""",
            Form.METADATA,
        ),
        (MEMTUNE, Form.MEMTUNE),
        (f"<domain>{MEMTUNE}</domain>", Form.MEMTUNE),
        (f"<domstatus><domain>{MEMTUNE}</domain></domstatus>", Form.MEMTUNE),
    ],
)
def test_a_policy_is_read_from_every_form_and_fragment(text, form):
    document = read(text)
    assert document.is_known
    assert document.policy == POLICY
    assert document.form is form
    assert document.forms == {"hard_limit": form, "min_guarantee": form}
    assert document.policy_in(form) == POLICY
    assert not document.policy_in(*set(Form) - {form})


@pytest.mark.parametrize(
    "text",
    [
        "<network/>",
        "<memory><memoryHardLimit>1</memoryHardLimit></memory>",
        f"<xr:memtune {XMLNS}><xr:hard_limit>1</xr:hard_limit></xr:memtune>",
        f"<xr:domain {XMLNS}>{MEMTUNE}</xr:domain>",
        "<domstatus/>",
    ],
)
def test_other_documents_hold_nothing(text):
    document = read(text)
    assert not document.is_known
    assert not document.policy
    assert document.domain is None
    assert document.form is None


@pytest.mark.parametrize(
    "text",
    [
        "<domain><memory>1</memory></domain>",
        f"<domain>{RESOURCE}</domain>",
        f"<domain><metadata><resource>{RESOURCE}</resource></metadata></domain>",
        f"<domain>{METADATA}</domain>",
        "<domain><resource><hard_limit>1</hard_limit></resource></domain>",
        "<domain><memtune><memoryHardLimit>1</memoryHardLimit></memtune></domain>",
        f"<domain><metadata><xr:resource {XMLNS}>{RESOURCE}</xr:resource></metadata></domain>",
        f"<xr:memory {XMLNS}><memoryHardLimit>1</memoryHardLimit></xr:memory>",
        "<resource><memory><hard_limit>1</hard_limit></memory></resource>",
    ],
)
def test_elements_elsewhere_mean_nothing(text):
    assert not read(text).policy


def test_a_policy_may_be_spread_over_forms():
    document = read(
        f"<domain><metadata>{METADATA}</metadata>"
        "<memtune><soft_limit unit='GiB'>3</soft_limit></memtune></domain>"
    )
    assert document.policy == MemoryPolicy(
        hard_limit=5 * GIB, soft_limit=3 * GIB, min_guarantee=2 * GIB
    )
    assert document.form is None
    assert document.forms["soft_limit"] is Form.MEMTUNE
    assert document.policy_in(Form.METADATA) == POLICY


def test_the_rfcs_spelling_is_read_and_known_for_it():
    document = read(
        "<resource><memory><memoryMinGaurantee>1</memoryMinGaurantee></memory></resource>"
    )
    assert document.policy == MemoryPolicy(min_guarantee=KIB)
    assert document.declarations[0].misspelt
    assert not read(f"<domain>{MEMTUNE}</domain>").declarations[0].misspelt


def test_a_guarantee_of_zero_is_none_a_limit_of_zero_is_zero():
    document = read("<memtune><min_guarantee>0</min_guarantee><hard_limit>0</hard_limit></memtune>")
    assert document.policy == MemoryPolicy(hard_limit=0)
    assert document.forms == {"hard_limit": Form.MEMTUNE}


def test_the_sentinel_is_unlimited():
    document = read("<memtune><soft_limit>9007199254740991</soft_limit></memtune>")
    assert document.policy == MemoryPolicy(soft_limit=UNLIMITED)


def test_of_duplicates_the_first_that_says_something_counts():
    document = read(
        "<memtune><hard_limit>x</hard_limit><hard_limit>2</hard_limit>"
        "<hard_limit>3</hard_limit></memtune>"
    )
    assert document.policy == MemoryPolicy(hard_limit=2 * KIB)
    first, *others = document.declarations
    assert first.error is not None
    assert first.amount is None
    assert [other.error for other in others] == [None, None]


@pytest.mark.parametrize("inside", ["<![CDATA[7]]>", "<!-- a -->7", "7<?p?>", "&#55;", "&#x37;"])
def test_a_number_may_be_written_in_odd_ways(inside):
    assert read(f"<memtune><hard_limit unit='b'>{inside}</hard_limit></memtune>").policy == (
        MemoryPolicy(hard_limit=KIB)
    )


def test_each_element_of_the_table_is_found_in_each_form():
    for tunable in MEMORY:
        for form, root in (
            (Form.RESOURCE, "<resource><memory>{}</memory></resource>"),
            (Form.MEMTUNE, "<memtune>{}</memtune>"),
        ):
            name = tunable.element_in(form)
            if name is not None:
                block = read(root.format(f"<{name}>1</{name}>")).blocks[0]
                assert tunable_of(block.element.children[0], form) is tunable
