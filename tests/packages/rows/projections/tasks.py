"""pyproj: transformations that need PROJ's database."""

from pyproj import CRS, Geod, Transformer
from pyproj.database import query_crs_info

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("pyproj")


@dag.task
def work() -> list:
    swiss = Transformer.from_crs("EPSG:4326", "EPSG:2056", always_xy=True).transform(8.5, 47.4)
    mercator = Transformer.from_crs(4326, 3857, always_xy=True).transform(1, 1)
    distance = Geod(ellps="WGS84").inv(0, 0, 1, 1)[2]
    return [
        [round(value, 1) for value in (*swiss, *mercator, distance)],
        CRS.from_epsg(32633).name,
        CRS("EPSG:2056").area_of_use.name,
        len(query_crs_info(auth_name="EPSG", pj_types="GEOGRAPHIC_2D_CRS")) > 100,
    ]
