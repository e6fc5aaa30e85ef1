"""NLTK: tokenizers, stemmers and distances that need no corpus, and a grammar."""

import nltk
from nltk.metrics.distance import edit_distance
from nltk.sentiment.util import mark_negation
from nltk.stem import PorterStemmer, SnowballStemmer
from nltk.tokenize import TreebankWordTokenizer, TweetTokenizer, wordpunct_tokenize

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("nltk")


@dag.task
def work() -> list:
    grammar = nltk.CFG.fromstring("S -> N V\nN -> 'dags'\nV -> 'run'")
    return [
        TreebankWordTokenizer().tokenize("It isn't small."),
        TweetTokenizer().tokenize("@airflow :-) #dags"),
        wordpunct_tokenize("a.b"),
        PorterStemmer().stem("running"),
        SnowballStemmer("german").stem("laufende"),
        edit_distance("dag", "dags"),
        str(next(iter(nltk.ChartParser(grammar).parse(["dags", "run"])))),
        mark_negation(["not", "good", "."]),
        nltk.FreqDist("abca").most_common(1),
    ]
