"""Writes the files of this folder: what torch.save makes of a small state dictionary, and the same numbers as safetensors."""
import json, struct
from collections import OrderedDict
import torch

torch.manual_seed(20261125)
base = torch.randn(4, 6)
tensors = OrderedDict([
    ("weight", base),
    ("view", base[1:3, 2:5]),            # not contiguous, offset
    ("transposed", base.t()),            # not contiguous
    ("half", torch.randn(3).half()),
    ("bfloat", torch.randn(2, 2).bfloat16()),
    ("double", torch.randn(2).double()),
    ("index", torch.tensor([5, -1, 2**40])),
    ("int", torch.tensor([-7], dtype=torch.int32)),
    ("bytes", torch.tensor([[0, 255]], dtype=torch.uint8)),
    ("flags", torch.tensor([True, False])),
    ("scalar", torch.tensor(1.5)),
    ("empty", torch.zeros(0, 3)),
])
torch.save(tensors, "state-dict.pt")
module = torch.nn.Linear(2, 2)
optimizer = torch.optim.AdamW(module.parameters())
module(torch.ones(1, 2)).sum().backward()
optimizer.step()
torch.save({"model": module.state_dict(), "ema": tensors, "opt": optimizer.state_dict(), "step": 7, "rate": 1e-4, "note": None,
            "parameter": module.weight, "size": module.weight.shape}, "training.pt")

names = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.float64: "F64", torch.int64: "I64", torch.int32: "I32",
         torch.uint8: "U8", torch.bool: "BOOL"}
header, data = {}, b""
for name, tensor in sorted(tensors.items(), key=lambda x: -x[1].element_size()):
    flat = tensor.contiguous()
    raw = (flat.view(torch.int16) if flat.dtype == torch.bfloat16 else flat).numpy().tobytes()
    header[name] = {"dtype": names[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
    data += raw
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
open("expected.safetensors", "wb").write(struct.pack("<Q", len(text)) + text + data)
