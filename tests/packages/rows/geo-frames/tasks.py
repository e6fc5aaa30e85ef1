"""geopandas: a join by place, a projection, a GeoJSON file and a GeoPackage by GDAL."""

import tempfile

import geopandas as gpd
from shapely.geometry import Point, box

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("geopandas")


@dag.task
def work() -> list:
    folder = tempfile.mkdtemp()
    towns = gpd.GeoDataFrame({"name": ["a", "b"]}, geometry=[Point(8.5, 47.4), Point(0, 0)], crs="EPSG:4326")
    zones = gpd.GeoDataFrame({"zone": ["z"]}, geometry=[box(8, 47, 9, 48)], crs="EPSG:4326")
    joined = towns.sjoin(zones)
    metres = towns.to_crs("EPSG:2056").geometry.iloc[0]
    read = []
    for name in ("towns.geojson", "towns.gpkg", "towns.shp", "towns.fgb"):
        towns.to_file(f"{folder}/{name}")
        back = gpd.read_file(f"{folder}/{name}")
        read.append([name, len(back), back.crs.to_epsg()])
    towns.to_parquet(f"{folder}/towns.parquet")
    read.append(gpd.read_parquet(f"{folder}/towns.parquet").crs.to_epsg())
    return [joined["name"].tolist(), round(metres.x, 1), round(metres.y, 1), read]
