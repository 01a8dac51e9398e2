"""Made-up catalogs for the real SkyPilot. The prices are nobody's: they only make the cheap ones stand out.

SkyPilot takes a file without a `.meta/<file>.md5` beside it as the user's own and never fetches another.
"""

from pathlib import Path

_COLUMNS = (
    *("InstanceType", "AcceleratorName", "AcceleratorCount", "vCPUs", "MemoryGiB", "GpuInfo"),
    *("Price", "SpotPrice", "Region"),
)
_ZONED = (*_COLUMNS, "AvailabilityZone")
_GPU = "\"{'Gpus': [{'Name': '%s', 'Manufacturer': 'NVIDIA', 'Count': %s, 'MemoryInfo': {'SizeInMiB': 81920}}]}\""

_GCP = [
    # A GPU of GCP has a row of its own, without an instance type; the host has another.
    ("a3-highgpu-1g", "", "", 26, 234, "", 1.0, 0.5, "us-central1", "us-central1-a"),
    ("", "H100", 1, "", "", "gpu", 6.0, 2.0, "us-central1", "us-central1-a"),
    ("a3-highgpu-1g", "", "", 26, 234, "", 2.0, 1.0, "europe-west4", "europe-west4-b"),
    ("", "H100", 1, "", "", "gpu", 8.0, 3.0, "europe-west4", "europe-west4-b"),
    ("a2-ultragpu-1g", "", "", 12, 170, "", 1.0, 0.5, "us-central1", "us-central1-a"),
    ("", "A100-80GB", 1, "", "", "gpu", 4.0, 1.5, "us-central1", "us-central1-a"),
    ("n2-standard-8", "", "", 8, 32, "", 0.4, 0.1, "us-central1", "us-central1-a"),
]
_AWS = [
    ("p5.48xlarge", "H100", 8, 192, 2048, "gpu", 80.0, 30.0, "us-east-1", "use1-az1"),
    ("p4de.24xlarge", "A100-80GB", 8, 96, 1152, "gpu", 40.0, 15.0, "us-east-1", "use1-az1"),
    ("m6i.2xlarge", "", "", 8, 32, "", 0.4, 0.1, "us-east-1", "use1-az1"),
]
_LAMBDA = [
    ("gpu_1x_h100_pcie", "H100", 1, 26, 225, "gpu", 3.0, "", "us-east-1"),
    ("gpu_1x_h100_sxm5", "H100", 1, 26, 225, "gpu", 5.0, "", "us-east-1"),
    ("gpu_1x_a100_sxm4", "A100", 1, 30, 225, "gpu", 2.0, "", "us-east-1"),
]


def seed(home: Path) -> None:
    """Write the catalogs of GCP, AWS and Lambda below a home folder."""
    root = home / ".sky/catalogs/v8"
    for cloud, rows in {"gcp": _GCP, "aws": _AWS, "lambda": _LAMBDA}.items():
        # An empty column of zones would leave a cloud without any place to launch in.
        columns = _COLUMNS if cloud == "lambda" else _ZONED
        _write(root / cloud / "vms.csv", ",".join((*columns, "Arch")), *(_line(row) for row in rows))
    _write(
        root / "common/accelerators.csv",
        "AcceleratorName,Clouds",
        *(f'{name},"GCP,AWS,Lambda,Kubernetes,RunPod"' for name in ("A100", "A100-80GB", "H100", "H200")),
    )
    _write(root / "gcp/images.csv", "Tag,Region,OS,OSVersion,ImageId,CreationDate,Notes")
    _write(root / "aws/images.csv", "Tag,Region,OS,OSVersion,ImageId,CreationDate,BaseImageId")


def _line(row: tuple[object, ...]) -> str:
    name, count = row[1], row[2]
    cells = [_GPU % (name, count) if cell == "gpu" else str(cell) for cell in row]
    return ",".join([*cells, "x86_64"])


def _write(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
