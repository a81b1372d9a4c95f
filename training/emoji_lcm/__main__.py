"""`python -m emoji_lcm --work DIR [--quick] [--stages a,b] [--minutes stage=N ...]`: runs the stages that are not done yet."""

import argparse
import os
from pathlib import Path

import torch

from . import autoencoder, corpus, distil, evaluate, export, iterates, latents, peers, polish, start, teacher, text, tokenizer
from .sizes import EMBEDDED, TINY

MINUTES = {"autoencoder": 40, "text": 6, "teacher": 240, "distil": 60, "polish": 20}
QUICK = {"autoencoder": 0.6, "text": 0.3, "teacher": 0.8, "distil": 0.5, "polish": 0.3}


def main() -> None:
    parser = argparse.ArgumentParser(prog="emoji_lcm", description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for the corpus, checkpoints and results")
    parser.add_argument("--quick", action="store_true", help="a tenth of the corpus and a minute a stage: proves the pipeline, makes no useful model")
    parser.add_argument("--stages", default="corpus,tokenizer,text,autoencoder,latents,iterates,teacher,distil,polish,export,evaluate")
    parser.add_argument("--minutes", action="append", default=[], metavar="STAGE=N", help="training time of a stage")
    parser.add_argument("--processes", type=int, default=min(4, os.cpu_count() or 1), help="processes that train teacher and student together (without a GPU)")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--tiny", action="store_true", help="the tests' model (use a work folder of its own)")
    parser.add_argument("--start", type=Path, metavar="PACK", help="go on from a packed model (training/start) instead of from nothing")
    options = parser.parse_args()
    sizes = TINY if options.tiny else EMBEDDED
    minutes = dict(QUICK if options.quick else MINUTES)
    for pair in options.minutes:
        stage, _, value = pair.partition("=")
        if stage not in minutes:
            parser.error(f"--minutes: there is no training stage {stage!r}; there are {', '.join(minutes)}")
        minutes[stage] = float(value)
    work = options.work
    work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    if options.start:
        start.begin(work, options.start)
    stages = {
        "corpus": lambda: corpus.build(work, options.quick),
        "tokenizer": lambda: tokenizer.build(work, sizes.entries),
        "text": lambda: text.train(work, minutes["text"], options.quick, sizes),
        "autoencoder": lambda: autoencoder.train(work, minutes["autoencoder"], sizes),
        "latents": lambda: latents.build(work, options.quick),
        "iterates": lambda: peers.run(options.processes, iterates.build, work, 256 if options.quick else 1000 if options.tiny else 8000),
        "teacher": lambda: peers.run(options.processes, teacher.train, work, minutes["teacher"], sizes),
        "distil": lambda: peers.run(options.processes, distil.train, work, minutes["distil"]),
        "polish": lambda: polish.train(work, minutes["polish"]),
        "export": lambda: export.write(work),
        "evaluate": lambda: evaluate.report(work),
    }
    for name in options.stages.split(","):
        if name not in stages:
            parser.error(f"there is no stage {name!r}; there are {', '.join(stages)}")
        print(f"== {name}", flush=True)
        stages[name]()


if __name__ == "__main__":
    main()
