"""The comparison's results as Markdown tables."""


def ms(value):
    return "failed" if value is None else f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def mib(value):
    return f"{value / 2**20:.0f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(c) for c in row) + " |" for row in rows])


def networks(subject):
    rows = []
    for part, found in subject["networks"].items():
        reference = found.get("ort-webgpu", {}).get("median")
        wasm = found.get("ort-wasm", {}).get("median")
        gflop = subject["parts"][part]["flops"] / 1e9
        for name, f in found.items():
            if "failed" in f:
                rows.append([part, name, "failed: " + f["failed"].replace("|", "/")[:80]] + [""] * 7)
                continue
            base = wasm if name == "ort-wasm" or name.startswith("ours-cpu") else reference
            memory = f["memory"]
            pools = mib(memory["pools"][0]) if memory["pools"] and "gpu" in name else ""
            rows.append([
                part, name, ms(f["median"]), f"{gflop / f['median'] * 1e3:.2f}",
                f"{base / f['median']:.2f}" if base else "",
                ms(f["first"]), f["dispatches"] or "", mib(memory["peak"]) if memory["peak"] else "", pools,
                f"{f['error']['relative']:.1e} ({f['error']['largest']:.1e})" + (" WRONG" if f.get("wrong") else "")])
    head = ["network", "who", "median ms", "GFLOP/s", "times onnxruntime-web", "first run ms", "dispatches",
            "peak GPU MiB", "cubecl MiB", "error against PyTorch (largest)"]
    return table(head, rows)


def label(operation):
    s = operation["sizes"]
    kind = operation["kind"]
    if kind == "conv":
        return f"conv {s['side']}x{s['side']}/{s['stride']} {s['c_in']}->{s['c_out']} at {s['h']}x{s['w']}"
    if kind == "linear":
        return f"linear {s['k']}->{s['n']}, {s['rows']} rows"
    if kind == "attention":
        return f"attention {s['n']}x{s['m']}, {s['heads']} heads of {s['width'] // s['heads']}"
    return f"group norm + SiLU {s['c']} channels, {s['pixels']} pixels"


def totals(operations):
    """Milliseconds of an evaluation by kind of operation and contestant."""
    sums = {}
    for o in operations:
        for name, took in o["took"].items():
            cell = sums.setdefault(o["kind"], {}).setdefault(name, [0.0, True])
            if "median" in took:
                cell[0] += o["count"] * took["median"]
            else:
                cell[1] = False
    return sums


def operations(subject):
    text = []
    for part, found in subject["operations"].items():
        if not found:
            continue
        names = list(found[0]["took"])
        rows = []
        sums = totals(found)
        for kind, by_name in sums.items():
            rows.append([f"**all {kind}**", sum(o["count"] for o in found if o["kind"] == kind)]
                        + [ms(by_name[n][0]) + ("" if by_name[n][1] else " and failures") for n in names] + [""])
        whole = [sum(s[n][0] for s in sums.values()) for n in names]
        rows.append(["**together**", ""] + [ms(w) for w in whole] + [""])
        for o in sorted(found, key=lambda o: -o["count"] * o["took"].get("ours-gpu-f32", {}).get("median", 0))[:12]:
            took = [o["took"][n] for n in names]
            error = max((t["error"] for t in took if "error" in t), default=float("nan"))
            rows.append([label(o), o["count"]] + [ms(t.get("median")) for t in took] + [f"{error:.0e}"])
        share = sum(o["flops"] * o["count"] for o in found) / subject["parts"][part]["flops"]
        text += [f"Operations of {part}, ms each; those measured make up {100 * share:.0f} % of its arithmetic, and "
                 "the sums are of an evaluation:", "",
                 table(["operation", "times"] + names + ["largest error"], rows), ""]
    return "\n".join(text)


def markdown(result):
    m = result["machine"]
    text = [f"{result['date']}, {m['processor']}, {m['cores']} cores, Chromium {result.get('chromium')}, "
            f"onnxruntime-web {result['onnxruntime-web']}, medians of {result['rounds']} interleaved runs; "
            f"load before {m['load'][0]:.1f}, after {m.get('load after', m['load'])[0]:.1f}.", ""]
    for name, subject in result["subjects"].items():
        text += [f"### {name}", ""]
        if "networks" in subject:
            text += [networks(subject), ""]
        if "operations" in subject:
            text += [operations(subject)]
    if "starts" in result:
        seconds = lambda f, part: "failed" if "failed" in f else f"{f[part] / 1e3:.2f}"
        rows = [[name] + [seconds(f[v], p) for v in ("cold", "warm") for p in ("unet", "decode")]
                for name, f in result["starts"].items()]
        text += ["Start, seconds from opening the page:", "", table(
            ["who", "cold: UNet", "cold: and decode", "warm: UNet", "warm: and decode"], rows), ""]
    if "page" in result:
        rows = [[v, f"{f['ready'] / 1e3:.2f}", f"{f['restored'] / 1e3:.2f}"] for v, f in result["page"].items()]
        text += ["The product's page:", "", table(["visit", "engine ready, s", "restoration after that, s"], rows), ""]
    return "\n".join(text)
