"""The time and the memory of a forward pass beside PyTorch's, in one run on one GPU.

usage: speed.py THROUGHPUT MODEL [--tokens 1024,2048,...] [--rounds 5] [--json FILE]
       (torch 2.11, transformers 5.17)

THROUGHPUT is the example of that name, built with `--features cuda`; MODEL a Llama-shaped checkpoint in
bf16. One text of each length, in bf16. The contenders take turns, round by round; each turn is one warm-up and three
measured runs, and what is printed is the median over all rounds. Everybody computes the scores of all
tokens of the vocabulary at every position.

    sdpa      transformers, attn_implementation="sdpa", nothing else computed: the yardstick
    eager     transformers, attn_implementation="eager", output_attentions=True
    eager+    the same, with the attentions summed by lag and the power spectra of rows over TOKENS/2 lags
    plain     ropelet, nothing else computed
    reduced   ropelet, with the sums of probabilities, scores and squared scores by lag, of entropies
              and of the first key's probability, of every head
    spectra   the same and the power spectra of rows over TOKENS/2 lags

Sums stay on the GPU, as the scores do; fetching them is given apart. Memory is the most that tensors held at once (torch.cuda.max_memory_allocated; the high-water mark of
the driver's pool), weights included. The floor is the larger of two times: floating-point operations over
the rate of a large product, and bytes over the rate of a large copy, both measured first.
"""
import argparse
import json
import statistics
import subprocess
import time

import torch
import transformers


def seconds_of(work, runs):
    times = []
    for _ in range(runs + 1):
        torch.cuda.synchronize()
        start = time.perf_counter()
        work()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return times[1:]


def ceilings():
    """FLOP/s of a bf16 product of 8192 x 8192 matrices, and bytes per second of a copy, read and written."""
    a, b = (torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    flops = 2 * 8192**3 / statistics.median(seconds_of(lambda: a @ b, 10))
    source = torch.empty(1 << 32, dtype=torch.uint8, device="cuda").random_()
    target = torch.empty_like(source)
    return flops, 2 * source.numel() / statistics.median(seconds_of(lambda: target.copy_(source), 10))


def counted(config, tokens):
    """Operations and bytes that a forward pass cannot do without; attention of a causal half."""
    hidden, inner, layers, vocabulary = (config.hidden_size, config.intermediate_size, config.num_hidden_layers,
                                         config.vocab_size)
    queries = config.num_attention_heads * config.head_dim
    keys = config.num_key_value_heads * config.head_dim
    matrices = layers * (hidden * (2 * queries + 2 * keys) + 3 * hidden * inner) + hidden * vocabulary
    attention = layers * 2 * tokens * (tokens + 1) * queries
    # Each product reads its input and writes its output, in bf16: two norms, query, key and value with
    # their rotation, attention and its output, gate, up and down, two sums; and the scores of the tokens.
    activations = tokens * (layers * (8 * hidden + 2 * (queries + 2 * keys) + 2 * queries + 5 * inner) + vocabulary)
    return 2 * tokens * matrices + attention, 2 * (matrices + activations)


def lag_sums(attention):
    """The sum along each diagonal of [heads, L, L]."""
    heads, length, _ = attention.shape
    width = 2 * length - 1
    flat = torch.nn.functional.pad(attention.float(), (0, width - length)).reshape(heads, -1)
    return torch.nn.functional.pad(flat, (0, length)).reshape(heads, length, width + 1).sum(1)


def row_power(attention, lags):
    """The sum over rows of the power spectra of the last `lags` probabilities up to each query."""
    heads, length, _ = attention.shape
    rows = length - lags + 1
    windows = attention.as_strided((heads, rows, lags), (length * length, length + 1, 1), (lags - 1) * length)
    return torch.stack([torch.fft.rfft(head.float()).abs().square().sum(0) / lags for head in windows])


class Torch:
    def __init__(self, path, tokens):
        self.model = transformers.AutoModelForCausalLM.from_pretrained(path, dtype=torch.bfloat16).cuda().eval()
        self.config = self.model.config
        self.ids = {n: (7 * torch.arange(n, device="cuda") % self.config.vocab_size)[None] for n in tokens}

    def turn(self, what, tokens, runs):
        self.model.set_attn_implementation("sdpa" if what == "sdpa" else "eager")
        ids = self.ids[tokens]

        def work():
            with torch.no_grad():
                output = self.model(ids, use_cache=False, output_attentions=what != "sdpa")
                if what == "eager+":
                    for (attention,) in output.attentions:
                        lag_sums(attention), row_power(attention, tokens // 2)

        work()
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        times = seconds_of(work, runs)
        peak = torch.cuda.max_memory_allocated()
        torch.cuda.empty_cache()
        return times, peak


class Ropelet:
    def __init__(self, program, path):
        command = [program, path, "cuda", "bf16", "-"]
        self.fetch = {}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def turn(self, what, tokens, runs):
        self.process.stdin.write(f"{tokens} 1 {runs} {what}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{what} at {tokens} tokens failed")
        answer = json.loads(answer)
        self.fetch[f"{what} {tokens}"] = answer["fetch_seconds"]
        return answer["seconds"], answer["peak_bytes"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("throughput")
    parser.add_argument("model")
    parser.add_argument("--tokens", default="1024,2048,4096,8192,16384")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json")
    options = parser.parse_args()
    lengths = [int(tokens) for tokens in options.tokens.split(",")]
    flops, bandwidth = ceilings()
    torch.cuda.empty_cache()
    theirs, ours = Torch(options.model, lengths), Ropelet(options.throughput, options.model)
    results = []
    for tokens in lengths:
        contenders = {"sdpa": theirs, "plain": ours, "reduced": ours, "spectra": ours}
        # Eager attention keeps layers x heads x tokens^2 probabilities.
        if tokens <= 4096:
            contenders |= {"eager": theirs, "eager+": theirs}
        times, peaks, failed = {what: [] for what in contenders}, {}, {}
        for _ in range(options.rounds):
            for what, contender in contenders.items():
                if what in failed:
                    continue
                try:
                    seconds, peaks[what] = contender.turn(what, tokens, 3)
                    times[what] += seconds
                except (RuntimeError, BrokenPipeError) as error:
                    failed[what] = str(error).splitlines()[0]
        operations, moved = counted(theirs.config, tokens)
        results.append({
            "tokens": tokens, "operations": operations, "bytes": moved, "floor_seconds": max(operations / flops, moved / bandwidth),
            "failed": failed, "seconds": times, "peak_bytes": peaks,
            "median_seconds": {what: statistics.median(all_times) for what, all_times in times.items() if all_times},
        })
        print(json.dumps({key: results[-1][key] for key in ("tokens", "median_seconds", "peak_bytes", "failed")}), flush=True)

    device = torch.cuda.get_device_name()
    report = {"device": device, "torch": torch.__version__, "transformers": transformers.__version__,
              "flops_per_second": flops, "bytes_per_second": bandwidth, "rounds": options.rounds, "results": results,
              "fetch_seconds": ours.fetch}
    if options.json:
        with open(options.json, "w") as file:
            json.dump(report, file, indent=1)
    print("fetching the sums, ms: " + ", ".join(f"{what} {1e3 * time:.1f}" for what, time in ours.fetch.items() if "plain" not in what))
    print(f"\n{device}, torch {torch.__version__}, transformers {transformers.__version__}: "
          f"{flops / 1e12:.0f} TFLOP/s in a bf16 product, {bandwidth / 1e12:.2f} TB/s in a copy\n")
    columns = ["sdpa", "plain", "reduced", "spectra", "eager", "eager+"]
    print("| tokens | floor | " + " | ".join(f"{what}, ms" for what in columns) + " | plain / sdpa | reduced / sdpa | spectra / sdpa |")
    print("|---" * (len(columns) + 5) + "|")
    for row in results:
        median = row["median_seconds"]
        cells = [f"{1e3 * median[what]:.1f}" if what in median else "–" for what in columns]
        ratios = [f"{median[what] / median['sdpa']:.2f}" if what in median else "–" for what in columns[1:4]]
        print(f"| {row['tokens']} | {1e3 * row['floor_seconds']:.1f} | " + " | ".join(cells + ratios) + " |")
    print("\n| tokens | " + " | ".join(f"{what}, GiB" for what in columns) + " | plain / sdpa | reduced / sdpa | spectra / sdpa |")
    print("|---" * (len(columns) + 4) + "|")
    for row in results:
        peaks = row["peak_bytes"]
        cells = [f"{peaks[what] / 2**30:.2f}" if what in peaks else "–" for what in columns]
        ratios = [f"{peaks[what] / peaks['sdpa']:.2f}" if what in peaks else "–" for what in columns[1:4]]
        print(f"| {row['tokens']} | " + " | ".join(cells + ratios) + " |")


if __name__ == "__main__":
    main()
