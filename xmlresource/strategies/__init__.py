"""Strategies for Hypothesis, for programs that write or read domain XML.

``policies`` draws what a guest may declare, ``documents`` writes it down in all the ways people
and tools do, ``broken_documents`` adds one known fault at a known place. Needs the extra
``xmlresource[hypothesis]``.
"""

from xmlresource.strategies.broken_quantities import broken_quantities
from xmlresource.strategies.documents import Sample, documents
from xmlresource.strategies.faults import Broken, broken_documents
from xmlresource.strategies.policies import policies
from xmlresource.strategies.resource_policies import cpu_policies, io_policies, resource_policies
from xmlresource.strategies.sizes import amounts, sizes, spellings

__all__ = [
    "Broken",
    "Sample",
    "amounts",
    "broken_documents",
    "broken_quantities",
    "cpu_policies",
    "documents",
    "io_policies",
    "policies",
    "resource_policies",
    "sizes",
    "spellings",
]
