"""tiktoken: the names of its encodings, which entry plug-ins register, and an encoding of our own ranks."""

import tiktoken

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("tiktoken")


@dag.task
def work() -> list:
    names = tiktoken.list_encoding_names()
    ranks = {bytes([value]): value for value in range(256)}
    ranks[b"da"] = 256
    ranks[b"dag"] = 257
    encoding = tiktoken.Encoding(
        "bytes", pat_str=r"\w+|\s+|[^\w\s]+", mergeable_ranks=ranks, special_tokens={"<end>": 258}
    )
    tokens = encoding.encode("dag dags<end>", allowed_special="all")
    return [names, tokens, encoding.decode(tokens), tiktoken.encoding_name_for_model("gpt-4o")]
