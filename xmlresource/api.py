"""What the commands do, as functions of the same names (``set_`` for ``set``, which Python has).

Results come back as data, errors as :class:`XmlresourceError` or ``OSError``; nothing is printed.
``docs/python-api.md`` has examples. Programs that only read one thing import its own module.
"""

from xmlresource.document import Document, DocumentError
from xmlresource.errors import XmlresourceError
from xmlresource.live import get_memory_parameters, set_memory_parameters
from xmlresource.live.give_back_host import give_back_host, plan_give_back
from xmlresource.live.memtune import memtune
from xmlresource.live.reclaim import give_back, reclaim
from xmlresource.live.reclaim_host import plan_host, reclaim_host
from xmlresource.model.policy import MemoryPolicy
from xmlresource.operations import hook
from xmlresource.operations.apply import apply, apply_all
from xmlresource.operations.check import check
from xmlresource.operations.config import config
from xmlresource.operations.edit import convert, generate, set_
from xmlresource.operations.history import history
from xmlresource.operations.measure import measure
from xmlresource.operations.mending import mend
from xmlresource.operations.overhead import overhead
from xmlresource.operations.plan import plan
from xmlresource.operations.show import show
from xmlresource.operations.status import status
from xmlresource.operations.validate import Options, validate
from xmlresource.settings import Settings
from xmlresource.tunables import Form
from xmlresource.units import UNLIMITED

__all__ = [
    "UNLIMITED",
    "Document",
    "DocumentError",
    "Form",
    "MemoryPolicy",
    "Options",
    "Settings",
    "XmlresourceError",
    "apply",
    "apply_all",
    "check",
    "config",
    "convert",
    "generate",
    "get_memory_parameters",
    "give_back",
    "give_back_host",
    "history",
    "hook",
    "measure",
    "memtune",
    "mend",
    "overhead",
    "plan",
    "plan_give_back",
    "plan_host",
    "reclaim",
    "reclaim_host",
    "set_",
    "set_memory_parameters",
    "show",
    "status",
    "validate",
]
