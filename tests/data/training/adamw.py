"""Three steps of AdamW with clipping, the reference of src/model/op/adamw.rs. Printed by torch 2.11.0."""

import torch

decaying = torch.tensor([0.5, -1.5], dtype=torch.float64, requires_grad=True)
fixed = torch.tensor([2.0, 0.25], dtype=torch.float64, requires_grad=True)
groups = [{"params": [decaying], "weight_decay": 0.1}, {"params": [fixed], "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95), eps=1e-8)
for rate in (0.1, 0.2, 0.05):
    optimizer.zero_grad()
    ((decaying**3).sum() + (fixed**3).sum()).backward()
    torch.nn.utils.clip_grad_norm_([decaying, fixed], 1.0)
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()
print(decaying.tolist() + fixed.tolist())
