"""Reading LORE's metrics files: one place that knows their names."""

from pathlib import Path

import xarray as xr


def find_metrics(directory):
    """The metrics file of the one run below `directory` (or of the run directory itself)."""
    directory = Path(directory)
    candidates = [directory / "metrics.nc", *sorted(directory.glob("runs/*/metrics.nc"))]
    found = [path for path in candidates if path.exists()]
    if not found:
        raise SystemExit(f"{directory}: no metrics.nc here or in runs/*/; was 'lore run' done?")
    if len(found) > 1:
        names = ", ".join(path.parent.name for path in found)
        raise SystemExit(f"{directory} holds several runs ({names}); name one of their directories")
    return found[0]


def open_metrics(path):
    """Dataset with `group`, `attribute` and `layer` as labelled coordinates, loaded into memory."""
    with xr.open_dataset(path) as dataset:
        dataset.load()
    for name in ("group", "attribute"):
        if dataset[name].dtype.kind == "S":
            dataset[name] = dataset[name].astype(str)
    if dataset.sizes["step"] == 0:
        raise SystemExit(f"{path} has no record yet")
    return dataset
