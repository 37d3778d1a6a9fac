import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xmlresource import hypothesis_plugin
from xmlresource.diagnostics import Severity
from xmlresource.document import Document
from xmlresource.model.policy import MemoryPolicy
from xmlresource.rules import check
from xmlresource.strategies import (
    amounts,
    broken_documents,
    broken_quantities,
    documents,
    policies,
    resource_policies,
    sizes,
    spellings,
)
from xmlresource.strategies.broken_quantities import QUANTITY_CODES
from xmlresource.strategies.faults import CODES
from xmlresource.tunables import Form
from xmlresource.units import KIB, UNLIMITED_KIB


def errors(data):
    found = check(Document.parse(data))
    return [one for one in found if one.severity is Severity.ERROR]


@given(documents())
def test_documents_say_what_their_policy_says_and_have_no_errors(sample):
    document = Document.parse(sample.data)
    assert document.policy == sample.policy
    assert document.form in {sample.form, None}
    assert errors(sample.data) == []


@pytest.mark.parametrize("form", Form)
@given(data=st.data())
def test_documents_of_one_form(form, data):
    policy = MemoryPolicy(hard_limit=4 * KIB**3, soft_limit=3 * KIB**3)
    sample = data.draw(documents(form=form, policy=policy, bare=data.draw(st.booleans())))
    document = Document.parse(sample.data)
    assert document.policy == policy
    assert document.form is form


@pytest.mark.parametrize("code", CODES)
@settings(max_examples=40)
@given(data=st.data())
def test_broken_documents_have_their_fault_at_their_place_and_no_other(code, data):
    broken = data.draw(broken_documents(code=code))
    found = [(one.code, one.span.line, one.span.column) for one in errors(broken.data)]
    assert found == [(broken.code, broken.line, broken.column)]


@given(broken_documents(form=Form.METADATA))
def test_broken_documents_of_one_form(broken):
    assert errors(broken.data)


@given(policies())
def test_consistent_policies_have_no_errors_in_any_form(policy):
    for form in Form:
        assert errors(policy.to_xml(form).encode()) == []


@given(policies(consistent=False))
def test_other_policies_can_be_written_and_read(policy):
    written = policy.to_xml(Form.MEMTUNE)
    read = Document.parse(written.encode()).policy
    assert dict(read.items()) == {
        name: amount for name, amount in policy.items() if name != "swap_soft_limit"
    }


@given(amounts().flatmap(lambda amount: st.tuples(st.just(amount), spellings(amount))))
def test_spellings_mean_their_amount(case):
    amount, spelling = case
    assert spelling.amount == amount


@given(st.integers(1, UNLIMITED_KIB - 1).flatmap(lambda kib: sizes(kib * KIB, kib * KIB)))
def test_sizes_keep_within_their_bounds(size):
    assert size % KIB == 0


@given(data=st.data())
def test_a_policy_is_drawn_by_its_type(data):
    hypothesis_plugin.register()
    assert not errors(data.draw(st.from_type(MemoryPolicy)).to_xml().encode())


def test_registering_imports_no_strategy():
    code = (
        "import sys; from xmlresource.hypothesis_plugin import register; register();"
        "print('xmlresource.strategies' in sys.modules)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("code", QUANTITY_CODES)
@settings(max_examples=40)
@given(data=st.data())
def test_broken_quantities_have_their_fault_at_their_place_and_no_other(code, data):
    broken = data.draw(broken_quantities(code=code))
    found = [(one.code, one.span.line, one.span.column) for one in errors(broken.data)]
    assert found == [(broken.code, broken.line, broken.column)]


@given(resource_policies())
def test_consistent_policies_of_all_families_have_no_errors(policy):
    for form in (Form.METADATA, Form.RESOURCE):
        assert errors(policy.to_xml(form).encode()) == []
