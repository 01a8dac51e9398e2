"""What Harbor's process says holds no secret, through whatever it is said."""

import sys
from pathlib import Path

from otcloud import process
from tests.flow.command import CANARY
from tests.unit.architecture.source import ROOT

SAYING = """
import logging, os, sys
early = logging.StreamHandler()
logging.getLogger().addHandler(early)
from otcloud.harbor_ext import discreet
from otcloud.trials.redaction import Redaction
key = os.environ["MY_API_KEY"]
for _ in range(2):
    discreet.install(Redaction({"MY_API_KEY": key}).text)
print("printed", key)
logging.getLogger("a").warning("logged %s", key)
logging.getLogger("a").warning("%d sound", 3)
logging.getLogger("a").warning("%d odd", "three")
try:
    raise ValueError(f"caught {key}")
except ValueError:
    logging.getLogger("a").exception("told")
raise RuntimeError(f"raised {key}")
"""


def test_prints_records_and_tracebacks_name_a_secret_only(tmp_path: Path) -> None:
    env = {"PYTHONPATH": str(ROOT), "MY_API_KEY": CANARY}
    done = process.run([sys.executable, "-c", SAYING], env=env, cwd=tmp_path)
    said = done.stdout + done.stderr
    for words in ("printed", "logged", "ValueError: caught", "RuntimeError: raised"):
        assert f"{words} [MY_API_KEY]" in said
    assert "3 sound" in said
    assert CANARY not in said
