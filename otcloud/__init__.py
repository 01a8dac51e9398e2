"""otcloud turns one declarative recipe into agent traces or a benchmark score.

This module holds the version alone: every interpreter that runs a part of otcloud imports it first.
"""

__version__ = "0.1.0"
