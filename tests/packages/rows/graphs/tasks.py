"""networkx: paths, PageRank by SciPy, and a graph of its own atlas."""

import networkx as nx

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("networkx")


@dag.task
def work() -> list:
    graph = nx.DiGraph([("extract", "clean"), ("clean", "load"), ("extract", "load")])
    ranks = nx.pagerank(graph)
    return [
        list(nx.topological_sort(graph)),
        max(ranks, key=ranks.get),
        nx.shortest_path(graph, "extract", "load"),
        nx.graph_atlas(6).number_of_edges(),
        nx.karate_club_graph().number_of_nodes(),
        sorted(nx.utils.backends.backends),
    ]
