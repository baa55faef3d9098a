#!/usr/bin/python3
"""Real servers, real clients, the bridge between them: one line for each test.

  run.py --daemon PATH [--only NAME]... [--list] [--keep DIR]

--daemon PATH  the sipxmppd to test (build/debug/src/sipxmppd)
--only NAME    only tests whose name contains NAME
--keep DIR     logs and configuration of failed tests go there

The last line is "N passed, N failed"; the exit code is 1 if any failed. Needs the packages of section
test in scripts/packages.list; uses free ports of 127.0.0.1 and one temporary folder for each test.
"""

import argparse
import asyncio
import importlib
import os
import pathlib
import signal
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import cases                  # noqa: E402
from rig import Failed, Rig   # noqa: E402

MODULES = ('test_rig', 'test_messages', 'test_errors', 'test_notices', 'test_texts', 'test_queue',
           'test_presence_to_chat', 'test_presence_to_sip', 'test_lamps', 'test_tls', 'test_running', 'test_outages',
           'test_people', 'test_hostile', 'test_clients', 'test_pbx', 'test_phones', 'test_events', 'test_publish',
           'test_pbx_restart', 'test_directory', 'test_logins', 'test_rich_presence', 'test_crash', 'test_faults', 'test_sandbox', 'test_ejabberd',
           'test_password')
TIME_LIMIT = 180  # seconds for one test: far above what any needs


def explain(error):
    if isinstance(error, Failed):
        return str(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f'{type(error).__name__}: {error} ({pathlib.Path(last.filename).name}:{last.lineno})'


async def run_one(case, arguments):
    """Returns why it failed, or '', and the end of the logs."""
    rig = Rig(arguments.daemon, **case.options)
    why = logs = ''
    try:
        try:
            await asyncio.wait_for(case.run_in(rig), TIME_LIMIT)
        except asyncio.TimeoutError as error:
            why = f'took more than {TIME_LIMIT} s' if not str(error) else explain(error)
        except Exception as error:  # whatever a test meets is its failure, not the runner's
            why = explain(error)
            if arguments.trace:
                traceback.print_exc()
        code = await rig.stop_bridge()
        trouble = rig.daemon_trouble()
        if trouble:
            why = (why + '; ' if why else '') + 'the daemon broke, see below'
            logs = trouble + '\n'
        elif code not in (0, None, -signal.SIGKILL) and not why:
            why = f'the daemon ended with {code}'
        if why:
            logs += rig.logs()
            if arguments.keep:
                rig.keep_logs(pathlib.Path(arguments.keep) / case.name)
    finally:
        await rig.close()
    left = await what_stays(rig)
    return why or (f'left behind: {", ".join(left)}' if left else ''), logs


async def what_stays(rig):
    """What is still there of a closed rig; killed processes take a moment to go."""
    for _ in range(50):
        left = rig.left_behind()
        if not left:
            break
        await asyncio.sleep(0.1)
    return left


async def run_all(selected, arguments):
    passed = failed = 0
    for case in selected:
        start = time.monotonic()
        why, logs = await run_one(case, arguments)
        if why:
            failed += 1
            print(f'FAIL {case.name}: {why}\n' + ''.join(f'    {line}\n' for line in logs.splitlines()), flush=True)
        else:
            passed += 1
            print(f'ok {case.name} ({time.monotonic() - start:.1f} s)', flush=True)
    print(f'{passed} passed, {failed} failed')
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--daemon')
    parser.add_argument('--only', action='append', default=[])
    parser.add_argument('--keep')
    parser.add_argument('--trace', action='store_true', help='print where a test failed')
    parser.add_argument('--list', action='store_true')
    arguments = parser.parse_args()
    for name in MODULES:
        importlib.import_module(name)
    selected = [c for c in cases.ALL if not arguments.only or any(o in c.name for o in arguments.only)]
    if arguments.list:
        print('\n'.join(c.name for c in selected))
        return 0
    if not selected:
        parser.error('no test of that name')
    if not arguments.daemon or not os.access(arguments.daemon, os.X_OK):
        parser.error('--daemon PATH: no program there')
    return 1 if asyncio.run(run_all(selected, arguments)) else 0


if __name__ == '__main__':
    # A stop from outside unwinds like an error: servers are ended, folders removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
