"""Where the files that ship with otcloud lie: inside an installed wheel, else beside the package in a checkout."""

from pathlib import Path

from otcloud.errors import OtcloudError

_PACKAGE = Path(__file__).parent


def bundled(name: str, *, package: Path = _PACKAGE) -> Path:
    """A bundled file or folder, such as `recipes` or `secrets.example.env`. Error: OtcloudError when there is none."""
    places = (package / "_data" / name, package.parent / name)
    for place in places:
        if place.exists():
            return place
    raise OtcloudError(
        f"{name} is not part of this installation",
        why=f"looked in {' and '.join(str(place.parent) for place in places)}",
        do="install otcloud again",
    )
