"""A flag: a name on the command line for a key path of the recipe. Data alone, cheap to import."""

from dataclasses import dataclass

from otcloud.recipe.flag_values import Reader

TRACEGEN = ("tracegen",)
EVAL = ("eval",)
BOTH = ("tracegen", "eval")

MODEL = "Model"
TASKS = "Tasks"
AGENT = "Agent and sandbox"
TRIALS = "Trials"
MACHINE = "Machine"
LIMITS = "Limits"
RESULTS = "Results"
UPSTREAM = "OpenThoughts-Agent"


@dataclass(frozen=True)
class Flag:
    """One flag. `takes` is the type of its value, `kinds` the commands that have it, `aliases` its further names.

    `help` is the sentence of the schema, word for word, unless a reader changes what the flag takes. Without a `path`
    it names a file of OpenThoughts-Agent, several keys at once, or nothing: `instead` is what happens instead, a
    warning; `refused` is why it cannot be.
    """

    name: str
    path: str
    panel: str
    help: str
    takes: type = str
    kinds: tuple[str, ...] = BOTH
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    metavar: str = ""
    repeat: bool = False
    read: Reader | None = None
    instead: str = ""
    refused: str = ""

    @property
    def parameter(self) -> str:
        """Its name as an argument of a command function: `n_concurrent`."""
        return self.name.removeprefix("--").replace("-", "_")

    @property
    def negative(self) -> str:
        """The name that switches off what `name` switches on; a switch that stands for one value has none."""
        return f"--no-{self.name.removeprefix('--')}" if self.takes is bool and self.path and self.read is None else ""
