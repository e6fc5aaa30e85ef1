"""xarray with netCDF4, h5netcdf and zarr; engines by the names of entry points."""

import tempfile

import numpy as np
import xarray as xr

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("science_files")


@dag.task
def work() -> list:
    folder = tempfile.mkdtemp()
    data = xr.Dataset({"t": (("x", "y"), np.arange(6.0).reshape(2, 3))}, coords={"x": [10, 20]})
    read = []
    for engine in ("netcdf4", "h5netcdf", "scipy", "zarr"):
        if engine not in xr.backends.list_engines():
            read.append(f"without {engine}")
            continue
        path = f"{folder}/{engine}"
        data.to_zarr(path) if engine == "zarr" else data.to_netcdf(path, engine=engine)
        with xr.open_dataset(path, engine=engine, chunks={}) as back:
            read.append([engine, float(back["t"].mean()), float(back["t"].sel(x=20).sum())])
    return [read, sorted(xr.backends.list_engines())]
