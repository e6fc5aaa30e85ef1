"""spaCy: a blank English pipeline with rules, a German tokenizer, and a pipe in two processes."""

import spacy

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("spacy")


@dag.task
def work() -> list:
    english = spacy.blank("en")
    english.add_pipe("sentencizer")
    ruler = english.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "ORG", "pattern": "Apache Airflow"}])
    document = english("Apache Airflow isn't small. It runs Dags.")
    german = spacy.blank("de")("z.B. geht's heute nicht.")
    with english.select_pipes(enable=["sentencizer"]):
        counts = [len(list(doc.sents)) for doc in english.pipe(["One. Two.", "Three."], n_process=2)]
    return [
        [token.text for token in document],
        [(entity.text, entity.label_) for entity in document.ents],
        len(list(document.sents)),
        [token.text for token in german],
        counts,
        english.pipe_names,
    ]
