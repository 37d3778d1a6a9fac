"""The garbage collector, kept from looking again and again at what schemas have learnt.

That is nearly all that a server holds, and stays. What a key leaves behind, the trees of documents
above all, is looked for often: then little is left each time, and no key waits for it.
"""

import gc
from typing import Final

_OBJECTS_BEFORE_A_LOOK: Final = 5_000


def set_aside_what_stays() -> None:
    """Take what is alive now out of the collector's rounds, and let go what is not any more."""
    gc.set_threshold(_OBJECTS_BEFORE_A_LOOK)
    gc.unfreeze()
    gc.collect()
    gc.freeze()
