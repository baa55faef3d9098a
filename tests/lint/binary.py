#!/usr/bin/env python3
"""Checks what was built: how the daemon is hardened, and which functions of the system and of the libraries our
own code calls.

usage: binary.py BUILD_DIRECTORY

Each complaint names the object and what is wrong. Exit code 1 if there are any. Needs readelf and nm.
"""
import json
import pathlib
import re
import subprocess
import sys

# Names that no object of src/ may want from outside, and why.
REFUSED = (
    # [SEC-096]
    (r'exec[lv]\w*|fexecve|posix_spawnp?|system|popen|wordexp|dlm?open', 'no program is run and no library loaded'),
    # [SEC-091]
    (r'getenv|secure_getenv|environ', 'nothing, least of all a secret, comes from the environment'),
    # [SOF-001]
    (r'nua_\w+|nea_\w+', 'nta only: nua costs five times as much for a subscription'),
    # [SOF-002] [SOF-021]
    (r'nta_incoming_(create|treply|mreply)|nta_leg_\w+', 'requests are judged and answered without a transaction'),
    # [STRO-011]
    (r'xmpp_stanza_clone|xmpp_stanza_copy', 'a stanza is translated at once and never kept'),
    # [STRO-014]
    (r'xmpp_run|xmpp_(global_)?timed_handler_add', 'its timers follow the wall clock: dead-lines are ours'),
    # [LXM-004]
    (r'xmlGetLastError|xmlSet(Generic|Structured)ErrorFunc|xml\w+Default|xmlThrDef\w+',
     'libxml2 has these once for all threads: set them on the context'),
)
# Who may, and why: systemd says in the environment alone where it wants to be told how the service is (sd_notify(3)).
PERMITTED = {('service.c.o', 'getenv')}
# [LXM-005] [LXM-007] [PIDF-008] All that is used of libxml2: no schema, XPath, XInclude or HTML, and nothing that 2.14
# has removed.
LIBXML = {'xmlCatalogSetDefaults', 'xmlCtxtReadMemory', 'xmlDictSize', 'xmlDocGetRootElement', 'xmlFreeDoc',
          'xmlFreeParserCtxt', 'xmlInitParser', 'xmlNewParserCtxt', 'xmlParserVersion',
          'xmlSetExternalEntityLoader', 'xmlStopParser'}
# [SEC-095]
FLAGS = ['-fstack-protector-strong', '-Wformat=2', '-Werror']
GNU_FLAGS = ['-fstack-clash-protection', '-fcf-protection']
RELEASE_FLAGS = ['-D_FORTIFY_SOURCE=2']
GNU_RELEASE_FLAGS = ['-ftrivial-auto-var-init=zero']

complaints = []


def complain(where, text):
    complaints.append(f'{where}: {text}')


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def check_symbols(build):
    objects = sorted((build / 'src').rglob('*.a')) + sorted((build / 'src').rglob('*.dir/*.o'))
    objects = [path for path in objects if 'ctl' not in path.parts]
    wanted = 0
    for path in objects:
        member = path.name
        for line in output('nm', '-u', str(path)).splitlines():
            name = line.split()[-1] if line.startswith(' ') else ''
            member = line[:-1] if line.endswith('.o:') else member
            wanted += bool(name)
            for pattern, why in REFUSED:
                if re.fullmatch(pattern, name) and (member, name) not in PERMITTED:
                    complain(f'{path.name}, {member}', f'{name}(): {why}')
            if re.match(r'xml[A-Z]|html[A-Z]', name) and name not in LIBXML:
                complain(path.name, f'{name}(): a new part of libxml2: is it in 2.14, is it safe? Then list it')
    if wanted < 100:
        complain(build, f'{len(objects)} objects with {wanted} names: this is no build of the daemon')


def check_program(program):
    """[SEC-095] position-independent, relocations read-only from the start, no executable stack."""
    if 'Position-Independent' not in output('readelf', '-hW', program):
        complain(program, 'is no position-independent executable')
    headers = output('readelf', '-lW', program)
    if 'GNU_RELRO' not in headers:
        complain(program, 'has no read-only relocations')
    if re.search(r'GNU_STACK.*RWE', headers):
        complain(program, 'has an executable stack')
    if not re.search(r'BIND_NOW|FLAGS_1.*NOW', output('readelf', '-dW', program)):
        complain(program, 'resolves symbols late: link with -z now')


def check_flags(build):
    """[SEC-095]"""
    cache = (build / 'CMakeCache.txt').read_text()
    is_release = 'CMAKE_BUILD_TYPE:STRING=Release' in cache
    root = re.search(r'CMAKE_HOME_DIRECTORY:INTERNAL=(.*)', cache).group(1)
    for entry in json.loads((build / 'compile_commands.json').read_text()):
        if not entry['file'].startswith(root + '/src/'):
            continue
        words = entry['command'].split()
        is_gnu = 'clang' not in words[0]
        flags = FLAGS + (GNU_FLAGS if is_gnu else []) + (RELEASE_FLAGS if is_release else [])
        flags += GNU_RELEASE_FLAGS if is_gnu and is_release else []
        missing = [flag for flag in flags if flag not in words]
        if missing:
            complain(entry['file'], f'is compiled without {" ".join(missing)}')


def check_versions(program):
    """[SEC-112]"""
    said = output(program, '-V')
    for name in ('sipxmppd', 'Sofia-SIP', 'expat', 'libxml2', 'SQLite', 'libconfig', 'libidn2', 'zlib', 'OpenSSL',
                 'libmicrohttpd'):
        if not re.search(rf'{name} \d+(\.\d+)*', said):
            complain(program, f'-V does not say the version of {name}: {said!r}')


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    build = pathlib.Path(sys.argv[1])
    program = str(build / 'src/sipxmppd')
    check_symbols(build)
    check_program(program)
    check_flags(build)
    check_versions(program)
    print('\n'.join(complaints) or 'ok')
    return 1 if complaints else 0


if __name__ == '__main__':
    sys.exit(main())
