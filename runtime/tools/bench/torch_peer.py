# Times PyTorch for `minrnn bench --peer=torch`, which runs this text with python3 and talks to it in
# lines of JSON: {"prepare": CASE} answers with the ways there are to compute the case, {"run": NAME}
# runs one of them and answers with its seconds, {"drop": 1} forgets them. Arithmetic is IEEE f32
# (no TF32), storage that of the case; a run begins with cold caches unless the case says warm.
import sys

sys.path = [folder for folder in sys.path if folder]  # nothing from the working directory
import gc
import json
import time

answers = sys.stdout
sys.stdout = sys.stderr  # what libraries print is no answer


def answer(**content):
    print(json.dumps(content), file=answers, flush=True)


try:
    import torch
    import torch.nn.functional as F
except Exception as error:
    answer(error=f"{type(error).__name__}: {error}")
    sys.exit(0)

settings = json.loads(sys.argv[1])
device = torch.device(settings["device"])
on_gpu = device.type == "cuda"
torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False
if not on_gpu:
    torch.set_num_threads(settings["threads"])
types = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}


def log_g(v):
    return torch.where(v >= 0, (F.relu(v) + 0.5).log(), -F.softplus(-v))


def scan(log_a, log_b):  # h = a h + b by cumulative sums of logarithms (Heinsen 2023)
    a = log_a.cumsum(1)
    return (a + (log_b - a).logcumsumexp(1)).exp()


def mingru(p):
    k, v = p.float().chunk(2, -1)
    return scan(-F.softplus(k), -F.softplus(-k) + log_g(v)).to(p.dtype)


def minlstm(p):
    f, i, v = p.float().chunk(3, -1)
    d = F.softplus(-f) - F.softplus(-i)
    return scan(-F.softplus(d), -F.softplus(-d) + log_g(v)).to(p.dtype)


def gru_step(p, h, _, w, b):
    (ir, iz, i_n), (hr, hz, hn) = p.chunk(3, -1), F.linear(h, w, b).chunk(3, -1)
    r, z = torch.sigmoid(ir + hr), torch.sigmoid(iz + hz)
    return (1 - z) * torch.tanh(i_n + r * hn) + z * h, h


def lstm_step(p, h, c, w, b):
    i, f, g, o = (p + F.linear(h, w, b)).chunk(4, -1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def loop(step, p, w, b):
    h = c = p.new_zeros(p.shape[0], w.shape[1])
    steps = []
    for t in range(p.shape[1]):
        h, c = step(p[:, t], h, c, w, b)
        steps.append(h)
    return torch.stack(steps, 1)


PARALLEL = {"mingru": (2, mingru), "minlstm": (3, minlstm)}
SEQUENTIAL = {"gru": (3, gru_step, torch.nn.GRU), "lstm": (4, lstm_step, torch.nn.LSTM)}
LIBRARY = {"mingru": "gru", "minlstm": "lstm", "gru": "gru", "lstm": "lstm"}
library_name = "cuDNN" if on_gpu else "nn"


class Case:
    def __init__(self, cell, suite, sizes, io_type, warm):
        batch, length, inputs, channels = sizes
        self.ballast = None if warm else torch.empty(1 << 28, dtype=torch.uint8, device=device)
        make = lambda *shape: torch.randn(*shape, device=device).to(types[io_type])
        leaf = lambda *shape: (make(*shape) / shape[-1] ** 0.5).requires_grad_()
        self.ways, self.upstream = {}, make(batch, length, channels)
        if suite == "kernels" and cell in PARALLEL:
            gates, f = PARALLEL[cell]
            p = make(batch, length, gates * channels).requires_grad_()
            self.add("eager", lambda: f(p), [p], ["forward", "backward"])
            compiled = torch.compile(f, dynamic=False)
            self.add("compiled", lambda: compiled(p), [p], ["forward", "backward"])
        elif suite != "kernels":
            x = make(batch, length, inputs).requires_grad_()
            whats = ["step"] if suite != "layer" else ["forward", "backward", "step"]
            if cell in PARALLEL:
                gates, f = PARALLEL[cell]
                w, b = leaf(gates * channels, inputs), leaf(gates * channels)
                layer = lambda x, w, b: f(F.linear(x, w, b))
                self.add("eager", lambda: layer(x, w, b), [x, w, b], whats)
                compiled = torch.compile(layer, dynamic=False)
                self.add("compiled", lambda: compiled(x, w, b), [x, w, b], whats)
            elif cell in SEQUENTIAL:
                gates, step, _ = SEQUENTIAL[cell]
                w, b = leaf(gates * channels, inputs), leaf(gates * channels)
                u, c = leaf(gates * channels, channels), leaf(gates * channels)
                self.add("loop", lambda: loop(step, F.linear(x, w, b), u, c), [x, w, b, u, c], whats)
            if cell in LIBRARY:
                kind = LIBRARY[cell]
                module = SEQUENTIAL[kind][2](inputs, channels, batch_first=True).to(device, types[io_type])
                leaves = [x, *module.parameters()]
                self.add(f"{library_name} {kind}", lambda: module(x)[0], leaves, whats)

    def add(self, way, forward, leaves, whats):
        def backward(result):
            torch.autograd.grad(result, leaves, self.upstream)

        known = {
            "forward": (None, lambda _: forward()),
            "backward": (forward, backward),
            "step": (None, lambda _: backward(forward())),
        }
        for what in whats:
            self.ways[f"{what} torch {way}"] = known[what]

    def run(self, name):
        before, work = self.ways[name]
        result = before() if before else None
        if self.ballast is not None:
            self.ballast.zero_()
        if not on_gpu:
            start = time.perf_counter()
            work(result)
            return time.perf_counter() - start
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        work(result)
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) / 1e3

    def prepare(self):
        """The ways that run, with the memory that each takes at most, and why others do not."""
        ways, failed = [], {}
        for name in self.ways:
            try:
                self.run(name)  # compiles
                if on_gpu:
                    torch.cuda.synchronize()
                    torch.cuda.reset_peak_memory_stats()
                self.run(name)
                held = 0 if self.ballast is None else self.ballast.numel()
                ways.append({"name": name, "memory": torch.cuda.max_memory_allocated() - held if on_gpu else 0})
            except Exception as error:
                failed[name] = f"{type(error).__name__}: {error}".splitlines()[0]
        return {"ways": ways, "failed": failed}


def release():
    gc.collect()
    torch.compiler.reset()
    if on_gpu:
        torch.cuda.empty_cache()


def prepare(request):
    try:
        case = Case(**request)
        answer(**case.prepare())
        return case
    except Exception as error:  # such as no room for its tensors
        answer(ways=[], failed={"torch": f"{type(error).__name__}: {error}".splitlines()[0]})


where = torch.cuda.get_device_name() + f", cuDNN {torch.backends.cudnn.version()}" if on_gpu else "CPU"
answer(about=f"PyTorch {torch.__version__} on {where}")
case = None
for line in sys.stdin:
    request = json.loads(line)
    try:
        if "prepare" in request:
            case = prepare(request["prepare"])
        elif "run" in request:
            answer(seconds=case.run(request["run"]))
        else:
            case = None
            release()
            answer()
    except Exception as error:
        answer(error=f"{type(error).__name__}: {error}".splitlines()[0])
