"""A few of the runs of crash.py, which kills the bridge and the servers under load (200 of them: see docs/HACKING.md)."""

import os

from cases import test
from crash import crash, table
from rig import check


# [REL-001] [REL-004] [REL-005] [REL-007] [REL-060] the daemon, the chat server and the SIP server killed under load
@test(start=False)
async def killed_under_load_nothing_is_lost_or_seen_twice(rig):
    seed, lines = int.from_bytes(os.urandom(4), 'big'), []
    total = await crash(rig.daemon, runs=6, seed=seed, tell=lines.append,
                        in_hands_s=10)  # a slow machine's servers hold more; what was in the store counts all the same
    check(not total['bad'], f'seed {seed}\n' + '\n'.join(lines) + '\n' + table(total))
    check(total['delivered'] > 100, f'too little crossed: {table(total)}')
