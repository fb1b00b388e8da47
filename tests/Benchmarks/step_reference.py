"""The expert's training step in eager PyTorch: the reference that `bench step` compares with.

The same architecture (AdaLN-Single, self-attention, MLP; no condition), data flow, loss, clipping, AdamW and average as the trainer,
written the way a PyTorch user would write it, with the multi-tensor (foreach) forms of AdamW, clipping and average, which are the
fastest eager ones. Noise is drawn with torch.randn inside the step, as such a user would.

Protocol: one JSON object a line on standard input, {"steps": n} or {"quit": true}; one on standard output with the seconds a step.
"""

import argparse
import json
import math
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


class Attention(nn.Module):
    def __init__(self, hidden, heads):
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * hidden, hidden))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * hidden))
        self.out_proj = nn.Linear(hidden, hidden)
        nn.init.xavier_uniform_(self.in_proj_weight)

    def forward(self, x):  # [B, N, D]
        b, n, d = x.shape
        qkv = F.linear(x, self.in_proj_weight, self.in_proj_bias).view(b, n, 3, self.heads, d // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # [B, H, N, D/H]
        if hasattr(F, "scaled_dot_product_attention"):
            y = F.scaled_dot_product_attention(q, k, v)
        else:
            weights = torch.softmax(q @ k.transpose(-2, -1) * (d // self.heads) ** -0.5, dim=-1)
            y = weights @ v
        return self.out_proj(y.transpose(1, 2).reshape(b, n, d))


class Layer(nn.Module):
    def __init__(self, hidden, heads, ratio):
        super().__init__()
        self.scale_shift_table = nn.Parameter(torch.randn(6, hidden) * 0.02)
        self.attn = Attention(hidden, heads)
        self.mlp = nn.Sequential(nn.Linear(hidden, ratio * hidden), nn.GELU(approximate="tanh"), nn.Linear(ratio * hidden, hidden))
        self.hidden = hidden

    def forward(self, x, t0):  # [B, N, D], [B, 6, D]
        m = (self.scale_shift_table + t0).unsqueeze(2)  # [B, 6, 1, D]
        shift_a, scale_a, gate_a, shift_m, scale_m, gate_m = m.unbind(1)
        norm = lambda y: F.layer_norm(y, (self.hidden,), eps=1e-6)
        x = x + gate_a * self.attn(norm(x) * (1 + scale_a) + shift_a)
        return x + gate_m * self.mlp(norm(x) * (1 + scale_m) + shift_m)


class Expert(nn.Module):
    def __init__(self, hidden, layers, heads, patch, channels, side, ratio=4):
        super().__init__()
        self.hidden, self.patch, self.channels, self.grid = hidden, patch, channels, side // patch
        self.patch_embed = nn.Conv2d(channels, hidden, patch, patch)
        self.register_buffer("pos_embed", torch.randn(1, self.grid**2, hidden) * 0.5)
        self.time_mlp = nn.Sequential(nn.Linear(256, hidden), nn.SiLU(), nn.Linear(hidden, hidden))
        self.t_block = nn.Sequential(nn.SiLU(), nn.Linear(hidden, 6 * hidden))
        self.layers = nn.ModuleList([Layer(hidden, heads, ratio) for _ in range(layers)])
        self.final_table = nn.Parameter(torch.randn(2, hidden) * 0.02)
        self.final = nn.Linear(hidden, patch * patch * channels)
        self.register_buffer("frequencies", torch.exp(-math.log(1e4) * torch.arange(128) / 128))

    def forward(self, x, t):  # [B, C, H, W], [B] on 0..1000
        b = x.shape[0]
        x = self.patch_embed(x).flatten(2).transpose(1, 2) + self.pos_embed
        args = t[:, None] * self.frequencies
        t_emb = self.time_mlp(torch.cat([torch.cos(args), torch.sin(args)], dim=1))
        t0 = self.t_block(t_emb).view(b, 6, self.hidden)
        for layer in self.layers:
            x = layer(x, t0)
        shift, scale = (self.final_table + t_emb[:, None]).unsqueeze(2).unbind(1)
        x = self.final(F.layer_norm(x, (self.hidden,), eps=1e-6) * (1 + scale) + shift)
        x = x.view(b, self.grid, self.grid, self.patch, self.patch, self.channels)
        return torch.einsum("nhwpqc->nchpwq", x).reshape(b, self.channels, self.grid * self.patch, -1)


def main():
    parser = argparse.ArgumentParser()
    for name, default in (("hidden", 128), ("layers", 4), ("heads", 4), ("patch", 2), ("channels", 4), ("side", 8), ("batch", 32), ("threads", 1)):
        parser.add_argument("--" + name, type=int, default=default)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(1)
    model = Expert(a.hidden, a.layers, a.heads, a.patch, a.channels, a.side)
    parameters = list(model.parameters())
    average = [p.detach().clone() for p in parameters]
    optimizer = torch.optim.AdamW(parameters, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0, foreach=True)
    data = torch.randn(1024, a.channels, a.side, a.side)
    done = 0

    def step():
        nonlocal done
        x0 = data[torch.randint(0, 1024, (a.batch,))]
        noise = torch.randn_like(x0)
        t = torch.rand(a.batch)
        tx = t.view(-1, 1, 1, 1)
        loss = F.mse_loss(model((1 - tx) * x0 + tx * noise, 1000 * t), noise - x0)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        with torch.no_grad():
            gradients = [p.grad for p in parameters]
            norm = torch.norm(torch.stack(torch._foreach_norm(gradients)))
            torch._foreach_mul_(gradients, float(min(1.0, 1.0 / (norm + 1e-6))))
        optimizer.step()
        with torch.no_grad():
            decay = min(0.99, (1 + done) / (10 + done))
            torch._foreach_mul_(average, decay)
            torch._foreach_add_(average, parameters, alpha=1 - decay)
        done += 1
        return loss.item()

    print(json.dumps({"parameters": sum(p.numel() for p in parameters), "torch": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        if "steps" not in command:
            break
        seconds, cpu = [], time.process_time()
        for _ in range(command["steps"]):
            started = time.perf_counter()
            step()
            seconds.append(time.perf_counter() - started)
        print(json.dumps({"seconds": seconds, "cpu": time.process_time() - cpu}), flush=True)


if __name__ == "__main__":
    main()
