#!/usr/bin/env python3
"""[SEC-113] docs/SECURITY.md is there, says what it must, and promises nothing that no test shows.

usage: promises.py ROOT
"""
import pathlib
import re
import sys

IDENT = re.compile(r'\b[A-Z][A-Z0-9]*-\d{1,3}\b')
# Have the form of an ID, and are names of something else.
HASHES = {'SHA-1', 'SHA-256', 'SHA-512', 'MD-5', 'UTF-8', 'AES-128', 'AES-256'}
SECTIONS = ('What it stands between', 'What it promises', 'What to open, and what not', 'Reporting')


def main():
    root = pathlib.Path(sys.argv[1])
    text = (root / 'docs/SECURITY.md').read_text(encoding='utf-8')
    state = {}
    for line in (root / 'docs/CONFORMANCE.md').read_text(encoding='utf-8').splitlines():
        cells = [cell.strip() for cell in line.split('|')]
        if len(cells) > 5:
            state[cells[1]] = cells[4]
    wrong = [f'docs/SECURITY.md: no section "{name}"' for name in SECTIONS if f'\n## {name}\n' not in text]
    promised = sorted(set(IDENT.findall(text)) - HASHES)
    wrong += [f'docs/SECURITY.md: promises {name}, which is {state.get(name, "no requirement")}: '
              'name the test, or take the promise back' for name in promised
              if state.get(name) not in ('done', 'partial')]
    if len(promised) < 20:
        wrong.append('docs/SECURITY.md: a promise has the ID of its requirement')
    print('\n'.join(wrong) or 'ok')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
