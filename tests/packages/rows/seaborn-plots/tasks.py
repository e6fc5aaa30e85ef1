"""seaborn: a plot with a regression, and palettes by name."""

import io

import matplotlib as mpl

from dagfloe import Bundle

mpl.use("Agg")
import pandas as pd
import seaborn as sns

bundle = Bundle()
dag = bundle.dag("seaborn")


@dag.task
def work() -> list:
    frame = pd.DataFrame({"x": [1, 2, 3, 4], "y": [1, 3, 2, 5], "kind": ["a", "b", "a", "b"]})
    sns.set_theme()
    grid = sns.lmplot(frame, x="x", y="y", hue="kind", ci=None)
    buffer = io.BytesIO()
    grid.savefig(buffer)
    return [buffer.getvalue()[:4].hex(), sns.color_palette("rocket", 2).as_hex(), sns.color_palette("husl", 2).as_hex()]
