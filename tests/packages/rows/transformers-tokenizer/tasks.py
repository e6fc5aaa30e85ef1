"""transformers without a framework, and tokenizers: a configuration and a tokenizer trained on the spot."""

import tempfile

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("transformers")


@dag.task
def work() -> list:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import AutoConfig, AutoTokenizer, BertConfig, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(["dag dags task tasks"] * 4, trainers.BpeTrainer(special_tokens=["[UNK]", "[PAD]"]))
    folder = tempfile.mkdtemp()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]")
    fast.save_pretrained(folder)
    BertConfig(hidden_size=12, num_attention_heads=2).save_pretrained(folder)
    config = AutoConfig.from_pretrained(folder)
    again = AutoTokenizer.from_pretrained(folder)
    encoded = again(["dags run", "task"], padding=True)
    return [type(config).__name__, config.hidden_size, encoded["input_ids"], again.tokenize("dags task")]
