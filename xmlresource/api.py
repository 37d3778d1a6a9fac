"""The commands as functions of the same names (``set_`` for ``set``, which Python has).

Results come back as data, errors as :class:`XmlresourceError` or ``OSError``; nothing is printed.
A document is given as its path, as bytes or as a :class:`Document`; an argument of the wrong type
is a ``TypeError`` that says what to write. ``docs/python-api.md`` has examples.
"""

from xmlresource.configuration.repository_settings import Settings
from xmlresource.diagnostics import Diagnostic, Severity
from xmlresource.document import DocumentError
from xmlresource.document.editing import EditError, assign
from xmlresource.errors import XmlresourceError
from xmlresource.formats.assignments import AUTO
from xmlresource.formats.spelling import Spelling
from xmlresource.interchange.errors import SourceError
from xmlresource.interchange.mapping import Mapped
from xmlresource.interchange.outcomes import Fate, ValueOutcome
from xmlresource.interchange.wishes import OnRequest, Wishes
from xmlresource.interchange.writers.exported import Exported
from xmlresource.live import get_memory_parameters, set_memory_parameters
from xmlresource.live.balance.single_round import balance
from xmlresource.live.parameters.memtune import memtune
from xmlresource.live.reclaim.guest_reclaim import give_back, reclaim
from xmlresource.live.reclaim.host_give_back import give_back_host, plan_give_back
from xmlresource.live.reclaim.host_reclaim import plan_host, reclaim_host
from xmlresource.live.tune import tune
from xmlresource.model.cpu import CpuPolicy
from xmlresource.model.io import DevicePolicy, IoPolicy
from xmlresource.model.policy import MemoryPolicy
from xmlresource.model.resource import ResourcePolicy
from xmlresource.operations.administration import hook
from xmlresource.operations.administration.config import config
from xmlresource.operations.administration.doctor import doctor
from xmlresource.operations.administration.history import history
from xmlresource.operations.administration.status import status
from xmlresource.operations.editing.edit import convert, generate, set_, write_in_place
from xmlresource.operations.editing.show import show
from xmlresource.operations.guests.apply import apply, apply_all
from xmlresource.operations.guests.plan import plan
from xmlresource.operations.memory_use.measure import measure
from xmlresource.operations.memory_use.overhead import overhead
from xmlresource.operations.named_document import DocumentFile as Document
from xmlresource.operations.promises.check import check
from xmlresource.operations.transfer.policy_export import ExportFormat, export
from xmlresource.operations.transfer.policy_import import ImportOptions, import_, import_all
from xmlresource.operations.validation.autofix import mend
from xmlresource.operations.validation.validate import Options, validate
from xmlresource.rules import check as diagnose
from xmlresource.tunables import Form
from xmlresource.units import UNLIMITED, parse_written_size

__all__ = [
    "AUTO",
    "UNLIMITED",
    "CpuPolicy",
    "DevicePolicy",
    "Diagnostic",
    "Document",
    "DocumentError",
    "EditError",
    "ExportFormat",
    "Exported",
    "Fate",
    "Form",
    "ImportOptions",
    "IoPolicy",
    "Mapped",
    "MemoryPolicy",
    "OnRequest",
    "Options",
    "ResourcePolicy",
    "Settings",
    "Severity",
    "SourceError",
    "Spelling",
    "ValueOutcome",
    "Wishes",
    "XmlresourceError",
    "apply",
    "apply_all",
    "assign",
    "balance",
    "check",
    "config",
    "convert",
    "diagnose",
    "doctor",
    "export",
    "generate",
    "get_memory_parameters",
    "give_back",
    "give_back_host",
    "history",
    "hook",
    "import_",
    "import_all",
    "measure",
    "memtune",
    "mend",
    "overhead",
    "parse_written_size",
    "plan",
    "plan_give_back",
    "plan_host",
    "reclaim",
    "reclaim_host",
    "set_",
    "set_memory_parameters",
    "show",
    "status",
    "tune",
    "validate",
    "write_in_place",
]
