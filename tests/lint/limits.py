#!/usr/bin/env python3
"""Each limit is used, counted when it is hit, and tested at it and over it (file 40 section E).

usage: limits.py ROOT

A test says which limit it meets, at it and over it: [limit NAME] in the comment at the test.
"""
import pathlib
import re
import sys

# What is never hit by a single thing that could be counted.
NOT_COUNTED = {
    'messages_per_user_burst': 'counted as messages_per_user_per_s',
    'expires_max_s': 'what is longer is cut, nothing is refused',
    'outward_per_s': 'a pace: what is over it waits',
    'sip_unsent': 'a pace: what is over it waits',
    'sip_connections': 'counted as sip_connections_refused and sip.idle_connections_closed',
    'stranger_connections': 'counted as sip_connections_refused',
    'stranger_first_s': 'counted as sip_connections_closed',
    'stranger_part_s': 'counted as sip_connections_closed',
    'stranger_idle_s': 'counted as sip_connections_closed',
}


def main():
    root = pathlib.Path(sys.argv[1])
    table = (root / 'src/model/limits.h').read_text(encoding='utf-8')
    names = [name for name in re.findall(r'^\tX\((\w+), ', table, re.MULTILINE)]
    source = '\n'.join(path.read_text(encoding='utf-8') for path in sorted((root / 'src').rglob('*.c'))
                       if path.name not in ('limits.c',))
    marks = {}
    for path in sorted((root / 'tests').rglob('*')):
        if path.suffix in ('.c', '.scn', '.py') and path.name != 'limits.py':
            for name in re.findall(r'\[limit (\w+)\]', path.read_text(encoding='utf-8')):
                marks.setdefault(name, []).append(path.name)
    wrong = [f'{", ".join(marks[name])}: there is no limit {name}' for name in sorted(set(marks) - set(names))]
    for name in names:
        if not re.search(rf'(->|\.){name}\b', source):
            wrong.append(f'limits.h: nothing uses {name}')
        if name not in NOT_COUNTED and not re.search(rf'(->|\.){name}\+\+|BREAK_LIMIT\(\w+, {name}\)', source):
            wrong.append(f'limits.h: nobody counts that {name} was hit')
        if name not in marks:
            wrong.append(f'limits.h: no test says [limit {name}]: test it at the limit and over it')
    if len(names) < 30:
        wrong.append('limits.h: the table cannot be read')
    print('\n'.join(wrong) or f'{len(names)} limits ok')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
