"""matplotlib: one figure in each format, with mathematical text, and a style by name."""

import io

import matplotlib as mpl

from dagfloe import Bundle

mpl.use("Agg")
import matplotlib.pyplot as plt

bundle = Bundle()
dag = bundle.dag("matplotlib")


@dag.task
def work() -> list:
    starts = {}
    for style in ("default", "ggplot", "seaborn-v0_8"):
        with plt.style.context(style):
            figure, axes = plt.subplots(figsize=(2, 2))
            axes.plot([1, 2, 3], [1, 4, 9], label=r"$x^2$")
            axes.legend()
            axes.set_title("Größe")
            for kind in ("png", "svg", "pdf", "ps", "jpg"):
                buffer = io.BytesIO()
                figure.savefig(buffer, format=kind)
                starts[f"{style}.{kind}"] = buffer.getvalue()[:4].hex()
            plt.close(figure)
    width = mpl.font_manager.findfont("DejaVu Sans").rsplit("/", 1)[1]
    return [starts, width, len(plt.colormaps()), mpl.get_backend().lower()]
