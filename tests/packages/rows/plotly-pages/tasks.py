"""plotly: a figure as JSON and as a page with its own library, a template and a data set."""

import json

import plotly.express as px
import plotly.graph_objects as go
import plotly.io as pio

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("plotly")


@dag.task
def work() -> list:
    figure = go.Figure(go.Bar(x=["a", "b"], y=[1, 2]), layout={"template": "plotly_dark"})
    page = figure.to_html(include_plotlyjs=True)
    frame = px.data.iris()
    scatter = px.scatter(frame, x="sepal_width", y="sepal_length", color="species")
    return [
        json.loads(figure.to_json())["data"][0]["x"],
        len(page) > 1_000_000,
        frame.shape,
        len(scatter.data),
        sorted(pio.templates),
        figure.layout.template.layout.paper_bgcolor,
    ]
