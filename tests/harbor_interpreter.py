"""Prints the path of Harbor's interpreter, set up on first use: for checks that run outside the tests."""

import os
import sys

from otcloud.places import cache_dir
from otcloud.programs import ensure_harbor, harbor_lock

if __name__ == "__main__":
    harbor = ensure_harbor(harbor_lock("0.24.0", "docker"), cache_dir(os.environ), os.environ, lambda _text: None)
    sys.stdout.write(f"{harbor.python}\n")
