"""Measures the contestants side by side in one headless Chromium; scripts/bench.sh prepares and calls it.

Every network is loaded by every contestant, warmed up, compared with PyTorch's result, and then run in
rounds, one contestant after the other, so that what disturbs the machine disturbs all. Single operations
likewise. Starts are measured in a fresh browser each, and again on its second visit.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import statistics
import time

from browser import Browser, serve
from report import markdown

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent

CONTESTANTS = {
    "ort-webgpu": {"ort": True, "provider": "webgpu"},
    "ours-gpu-f32": {"gpu": True, "precision": "f32"},
    "ours-gpu-f16": {"gpu": True, "precision": "f16"},
    "ours-gpu-q8": {"gpu": True, "precision": "q8"},
    "ours-gpu-q4": {"gpu": True, "precision": "q4"},
    "burn-gpu": {"gpu": True, "stock": True},
    "ort-wasm": {"ort": True, "provider": "wasm"},
    "ours-cpu": {"gpu": False},
    "ours-cpu-q8": {"gpu": False, "precision": "q8"},
    "ours-cpu-q4": {"gpu": False, "precision": "q4"},
}
# Largest relative error against PyTorch (Euclidean norm) with which a time still counts.
TOLERANCE = {"f16": 5e-3, "q8": 0.1, "q4": 0.6}


class Lane:
    """A contestant's worker on the page."""

    def __init__(self, browser, name):
        self.browser, self.name = browser, name
        browser.run("start(arguments[0])", name)
        self.ask("open", CONTESTANTS[name])

    def ask(self, method, argument=None, seconds=900):
        number = self.browser.run("return send(...arguments)", self.name, method, argument)
        answer = self.browser.wait("return take(...arguments)", self.name, number, seconds=seconds)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["value"]

    def stop(self):
        self.browser.run("stop(arguments[0])", self.name)


def say(*text):
    print(time.strftime("[%H:%M:%S]"), *text, flush=True)


def tolerance(name):
    return TOLERANCE.get(name.rsplit("-", 1)[-1], 1e-3)


def networks(browser, subject, names, rounds):
    """Times of every part of a subject: {part: {contestant: {...}}}."""
    base, results = f"/subjects/{subject['name']}/", {}
    for part, described in subject["parts"].items():
        lanes, found = {}, {}
        for name in names:
            if CONTESTANTS[name].get("stock"):
                continue
            try:
                lane = Lane(browser, name)
                what = {"base": base, "name": part, "part": described, "files": list(subject["model"])}
                lane.ask("load", what)
                first = lane.ask("run")
                error = lane.ask("check")
                found[name] = {"first": first["ms"], "error": error, "ms": []}
                if not error["relative"] <= tolerance(name):
                    found[name]["wrong"] = True
                lanes[name] = lane
                say(subject["name"], part, name, f"first {first['ms']:.0f} ms, error {error['relative']:.1e}")
            except (RuntimeError, TimeoutError) as problem:
                found[name] = {"failed": str(problem)[:300]}
                say(subject["name"], part, name, "failed:", problem)
                browser.run("stop(arguments[0])", name)
        for _ in range(rounds):
            for name, lane in lanes.items():
                took = lane.ask("run")
                found[name]["ms"].append(took["ms"])
                found[name]["dispatches"] = took["dispatches"]
        for name, lane in lanes.items():
            found[name]["memory"] = lane.ask("counts")
            found[name]["median"] = statistics.median(found[name]["ms"])
            say(subject["name"], part, name, f"{found[name]['median']:.1f} ms, {found[name]['dispatches']} dispatches")
            lane.stop()
        results[part] = found
    return results


def costliest(operations, cover):
    """The operations that make up the share `cover` of the arithmetic of their kind."""
    chosen = []
    for kind in dict.fromkeys(o["kind"] for o in operations):
        of_kind = [o for o in operations if o["kind"] == kind]
        left = cover * sum(o["flops"] * o["count"] for o in of_kind)
        for o in of_kind:
            if left > 0:
                chosen.append(o)
            left -= o["flops"] * o["count"]
    return chosen


def operations(browser, subject, names, rounds, cover):
    """Milliseconds of the operations of a subject's parts."""
    base, results = f"/subjects/{subject['name']}/", {}
    lanes = {name: Lane(browser, name) for name in names}
    done = {}
    for part, described in subject["parts"].items():
        results[part] = []
        for operation in costliest(described["operations"], cover):
            if operation["onnx"] not in done:
                times = max(1, min(10, int(1e8 / operation["flops"])))
                took = {}
                for name, lane in list(lanes.items()):
                    try:
                        error = lane.ask("prepare", {"base": base, "operation": operation}, 300)
                        took[name] = {"ms": [], "error": error["relative"]}
                    except (RuntimeError, TimeoutError) as problem:
                        say(name, operation["onnx"], "failed:", problem)
                        took[name] = {"failed": str(problem)[:300]}
                        lane.stop()
                        lanes[name] = Lane(browser, name)
                for _ in range(rounds):
                    for name, lane in lanes.items():
                        if "ms" in took[name]:
                            answer = lane.ask("operate", {"times": times})
                            took[name]["ms"].append(answer["ms"])
                            took[name]["dispatches"] = answer["dispatches"]
                for value in took.values():
                    if "ms" in value:
                        value["median"] = statistics.median(value["ms"])
                done[operation["onnx"]] = took
            results[part].append({**{k: operation[k] for k in ("kind", "sizes", "count", "flops")},
                                  "took": done[operation["onnx"]]})
            took = done[operation["onnx"]]
            say(subject["name"], part, operation["kind"], *operation["sizes"].values(), f"x{operation['count']}",
                *(f"{n} {v['median']:.2f}" if "median" in v else f"{n} failed" for n, v in took.items()))
    for lane in lanes.values():
        lane.stop()
    return results


def starts(options, address, subject, names):
    """Milliseconds from navigation to the first UNet evaluation and decode, first and second visit."""
    found = {}
    for name in names:
        if CONTESTANTS[name].get("stock"):
            continue
        with Browser(options) as browser:
            for visit in "cold", "warm":
                browser.open("about:blank")
                browser.open(address + "/page/")
                browser.wait("return window.ready")
                try:
                    lane, seen = Lane(browser, name), {}
                    for part in "unet", "decode":
                        lane.ask("load", {"base": f"/subjects/{subject['name']}/", "name": part,
                                          "part": subject["parts"][part], "files": list(subject["model"])})
                        lane.ask("run")
                        seen[part] = browser.run("return performance.now()")
                    found.setdefault(name, {})[visit] = seen
                    say("start", name, visit, seen)
                except (RuntimeError, TimeoutError) as problem:
                    found.setdefault(name, {})[visit] = {"failed": str(problem)[:300]}
                    say("start", name, "failed:", problem)
    return found


def visit(options, address):
    """The product's own page: milliseconds to a ready engine, and to a restoration of eight steps."""
    found = {}
    with Browser(options) as browser:
        for kind in "cold", "warm":
            browser.open("about:blank")
            browser.open(address + "/site/")
            state = "return document.documentElement.dataset.engine === arguments[0]"
            browser.wait(state, "ready")
            ready = browser.run("return performance.now()")
            browser.wait("const b = document.getElementById('run'); return b && !b.disabled && b.ariaDisabled !== 'true'")
            begun = browser.run("document.getElementById('run').click(); return performance.now()")
            browser.wait("return !!document.getElementById('metric-psnr-result')?.dataset.value")
            found[kind] = {"ready": ready, "restored": browser.run("return performance.now()") - begun}
            say("page", kind, found[kind])
    return found


def machine():
    model = [l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")]
    return {"processor": model[0] if model else platform.processor(), "cores": os.cpu_count(), "load": os.getloadavg()}


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--cache", type=pathlib.Path, required=True, help="folder with subjects/ and node_modules/")
    p.add_argument("--program", type=pathlib.Path, required=True, help="folder of bench.js and bench_bg.wasm")
    p.add_argument("--site", type=pathlib.Path, help="the built site, for its start")
    p.add_argument("--out", type=pathlib.Path, required=True, help="NAME.json and NAME.md are written")
    p.add_argument("--subjects", default="emoji,sd15,taesd")
    p.add_argument("--parts", default="unet,encode,decode")
    p.add_argument("--contestants", default=",".join(CONTESTANTS))
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--op-rounds", type=int, default=3)
    p.add_argument("--cover", type=float, default=0.9, help="share of each kind's arithmetic that the measured operations have")
    p.add_argument("--what", default="networks,operations,starts")
    a = p.parse_args()
    names, what = a.contestants.split(","), a.what.split(",")
    ort = a.cache / "node_modules/onnxruntime-web"
    roots = [("/page/", HERE / "page"), ("/ort/", ort / "dist"), ("/program/", a.program),
             ("/subjects/", a.cache / "subjects"), ("/site/", a.site or ROOT / "dist")]
    address, options = serve(roots), ROOT / "webdriver.json"
    result = {
        "date": datetime.date.today().isoformat(), "machine": machine(), "subjects": {},
        "onnxruntime-web": json.loads((ort / "package.json").read_text())["version"],
        "rounds": a.rounds, "contestants": names, "cover": a.cover,
    }
    subjects = [json.loads((a.cache / "subjects" / s / "subject.json").read_text()) for s in a.subjects.split(",")]

    for subject in subjects:
        subject["parts"] = {k: v for k, v in subject["parts"].items() if k in a.parts.split(",")}

    def save():
        a.out.with_suffix(".json").write_text(json.dumps(result, indent=1))
        a.out.with_suffix(".md").write_text(markdown(result))

    for subject in subjects:
        entry = result["subjects"][subject["name"]] = {
            "parts": {k: {"flops": v["flops"], "parameters": v["parameters"], "files": v["files"]}
                      for k, v in subject["parts"].items()}}
        measured = lambda b, s, n, r: operations(b, s, n, r, a.cover)
        for kind, function, rounds in ("networks", networks, a.rounds), ("operations", measured, a.op_rounds):
            if kind not in what:
                continue
            chosen = names
            if kind == "operations":
                chosen = [n for n in names if n in ("ort-webgpu", "ours-gpu-f32", "burn-gpu", "ort-wasm", "ours-cpu")]
            with Browser(options) as browser:
                result["chromium"] = browser.version
                browser.open(address + "/page/")
                browser.wait("return window.ready")
                entry[kind] = function(browser, subject, chosen, rounds)
            save()
    if "starts" in what:
        result["starts"] = starts(options, address, subjects[0], names)
        save()
        if a.site:
            result["page"] = visit(options, address)
    result["machine"]["load after"] = os.getloadavg()
    save()
    print(markdown(result))


if __name__ == "__main__":
    main()
