"""shapely: geometry by GEOS."""

import shapely
from shapely.geometry import Point, Polygon, mapping
from shapely.ops import unary_union

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("shapely")


@dag.task
def work() -> list:
    square = Polygon([(0, 0), (2, 0), (2, 2), (0, 2)])
    circle = Point(2, 2).buffer(1)
    joined = unary_union([square, circle])
    tree = shapely.STRtree([Point(index, index) for index in range(5)])
    return [
        round(joined.area, 3),
        square.intersects(circle),
        shapely.from_wkt("POINT (1 2)").wkt,
        mapping(square)["type"],
        tree.query(Point(2, 2).buffer(0.5)).tolist(),
        shapely.from_geojson(shapely.to_geojson(square)).equals(square),
    ]
