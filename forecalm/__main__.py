"""``python -m forecalm`` is the command line."""

import sys

from forecalm.cli import main

sys.exit(main())
