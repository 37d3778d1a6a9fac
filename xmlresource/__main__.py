"""``python -m xmlresource``."""

import sys

from xmlresource.cli import main

sys.exit(main())
