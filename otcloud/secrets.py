"""Secrets: dotenv files and the environment -> values by name, and the removal of those values from text.

A value leaves this module only towards a child's environment. It takes a Mapping and reads no os.environ.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from otcloud.errors import CredentialOrProgramMissing, InputInvalid

FILE_VARIABLES = ("DC_AGENT_SECRET_ENV", "SECRET_ENV_PATH", "KEYS")
"""Variables that may name a dotenv file, in the order in which they are asked."""

ALIASES: Mapping[str, tuple[str, ...]] = {
    "HF_TOKEN": ("HUGGINGFACE_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_API_TOKEN"),
}
"""Other names under which a secret is known to be kept."""

_MIN_REDACTED_LENGTH = 6
_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL|PASSWD)", re.IGNORECASE)


@dataclass(frozen=True)
class Secrets:
    """The values at hand, by name, and where they came from. Its repr shows names alone."""

    values: Mapping[str, str]
    source: str
    environ: Mapping[str, str] = field(default_factory=dict[str, str])
    """The whole shell, for a name that is asked for and does not sound like a secret."""

    def __repr__(self) -> str:
        return f"Secrets({', '.join(sorted(self.values))}; from {self.source})"

    def pick(self, names: Iterable[str]) -> dict[str, str]:
        """The named values that are present, each under the name asked for, aliases tried."""
        found = {name: self._find(name) for name in names}
        return {name: value for name, value in found.items() if value}

    def require(self, names: Iterable[str]) -> dict[str, str]:
        """Like `pick`, but every name must be there. Error: CredentialOrProgramMissing naming all that are not."""
        wanted = list(names)
        found = self.pick(wanted)
        missing = [name for name in wanted if name not in found]
        if missing:
            raise CredentialOrProgramMissing(
                f"missing: {', '.join(missing)}",
                why=f"looked in {self.source}",
                do="put a line NAME=value into a file and pass it: --secrets-env secrets.env (see secrets.example.env)",
            )
        return found

    def redact(self, text: str) -> str:
        """The text with every secret's value replaced by its name in brackets."""
        for name, value in sorted(self.values.items(), key=lambda item: -len(item[1])):
            if len(value) >= _MIN_REDACTED_LENGTH:
                text = text.replace(value, f"[{name}]")
        return text

    def _find(self, name: str) -> str | None:
        names = (name, *ALIASES.get(name, ()))
        found = (source.get(key) for source in (self.values, self.environ) for key in names)
        return next(filter(None, found), None)


def load(environ: Mapping[str, str], *, explicit: Path | None = None, folder: Path | None = None) -> Secrets:
    """Secrets by the house's precedence: an explicit file over the shell; else a file named by FILE_VARIABLES; else the
    shell; else `.env` in `folder`.

    Errors: InputInvalid when a named file cannot be read.
    """
    shell = {name: value for name, value in environ.items() if _SECRET_NAME.search(name)}
    if explicit is not None:
        return Secrets(_over(_read(explicit, str(explicit)), shell), f"{explicit} and the shell", environ)
    for variable in FILE_VARIABLES:
        if environ.get(variable):
            # The variable is told and not what it holds, which might be a key instead of a path.
            found = _read(Path(environ[variable]).expanduser(), f"named by ${variable}")
            return Secrets(_over(found, shell), f"the file named by ${variable} and the shell", environ)
    local = folder / ".env" if folder is not None else None
    if local is not None and local.is_file():
        found = _read(local, str(local))
        known = {name: environ[name] for name in found if name in environ}
        return Secrets(_over(shell | known, found), f"the shell and {local}", environ)
    return Secrets(shell, "the shell", environ)


def _over(winner: Mapping[str, str], loser: Mapping[str, str]) -> dict[str, str]:
    """Both sets; what the winner has under any of its names, the loser has under none."""
    families = [{name, *aliases} for name, aliases in ALIASES.items()]
    hidden = {name for family in families if any(winner.get(one) for one in family) for name in family}
    return {**{name: value for name, value in loser.items() if name not in hidden}, **winner}


def _read(path: Path, called: str) -> dict[str, str]:
    """Values as they are written: `${...}` stays, since a password may hold it and the environment is not read here."""
    from dotenv import dotenv_values

    try:
        with path.open(encoding="utf-8-sig") as lines:
            return {name: value for name, value in dotenv_values(stream=lines, interpolate=False).items() if value}
    except (OSError, ValueError) as error:
        # The message names the file and never quotes a line of it.
        raise InputInvalid(
            f"cannot read the secrets file {called}: {type(error).__name__}",
            do=f"check the path given to --secrets-env, or in {', '.join(FILE_VARIABLES)}",
        ) from None
