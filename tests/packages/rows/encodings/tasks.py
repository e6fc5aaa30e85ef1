"""charset-normalizer, chardet, ftfy and python-magic's kin: what an unknown text is."""

import chardet
import charset_normalizer
import ftfy
import langdetect
import puremagic

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("encodings")


@dag.task
def work() -> list:
    text = "Größe und Übermut tun selten gut, sagte der müde Bär. " * 4
    langdetect.DetectorFactory.seed = 0
    best = charset_normalizer.from_bytes(text.encode("cp1250")).best()
    return [
        [
            len(charset_normalizer.from_bytes(bytes.fromhex("c2f1e5eae820f7eee2e5ea20e8ece020eff0e0e2ee"))) > 0,
            best.encoding,
            best.could_be_from_charset[:3],
        ],
        chardet.detect(text.encode("utf-8"))["encoding"],
        ftfy.fix_text("GrÃ¶ÃŸe"),
        langdetect.detect(text),
        puremagic.from_string(b"%PDF-1.4 nothing"),
    ]
