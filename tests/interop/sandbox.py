#!/usr/bin/python3
"""Runs a program under the system-call filter and address families of a systemd unit, without systemd.

  sandbox.py UNIT PROGRAM [ARGUMENT ...]
"""

import ctypes
import errno
import os
import pathlib
import re
import socket
import subprocess
import sys

import seccomp

PR_SET_NO_NEW_PRIVS = 38


def settings(unit, name):
    """The values of a setting that may stand in several lines."""
    lines = pathlib.Path(unit).read_text().splitlines()
    return [value for key, found, value in (line.partition('=') for line in lines) if key == name and found]


def members(group):
    """System calls of @group, and of the groups in it."""
    text = subprocess.run(['systemd-analyze', 'syscall-filter', '--no-pager', group], capture_output=True, text=True,
                          check=True, env={**os.environ, 'SYSTEMD_COLORS': '0'}).stdout
    names = set()
    for word in re.findall(r'^ +(@?[a-z0-9_-]+)$', text, re.MULTILINE):
        names |= members(word) if word.startswith('@') else {word}
    return names


def permitted(unit):
    names = set()
    for value in settings(unit, 'SystemCallFilter'):
        is_less = value.startswith('~')
        for word in value.lstrip('~').split():
            found = members(word) if word.startswith('@') else {word}
            names = names - found if is_less else names | found
    return names


def load(unit):
    rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    for name in permitted(unit) - {'socket'}:
        try:
            rules.add_rule(seccomp.ALLOW, name)
        except (RuntimeError, ValueError):
            pass  # of another architecture
    for family in ' '.join(settings(unit, 'RestrictAddressFamilies')).split():
        rules.add_rule(seccomp.ALLOW, 'socket', seccomp.Arg(0, seccomp.EQ, int(getattr(socket, family))))
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), 'no_new_privs')
    rules.load()


if __name__ == '__main__':
    load(sys.argv[1])
    os.execv(sys.argv[2], sys.argv[2:])
