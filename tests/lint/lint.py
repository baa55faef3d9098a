#!/usr/bin/env python3
"""Checks what the compiler does not: who includes whom, names, sizes, and bugs that happened before.

usage: lint.py [--headers CC] [--files] [ROOT]

  --headers CC   only: does each header compile alone? CC is the compiler with its flags.
  --files        only: print the lines that docs/ARCHITECTURE.md needs under "## Files".

Each complaint is FILE:LINE: what is wrong, and what to do. Exit code 1 if there are any.
"""
import concurrent.futures
import pathlib
import re
import shlex
import subprocess
import sys

# Folder -> folders it may include (docs/ARCHITECTURE.md). "" is src itself: main, daemon, settings.
MAY_INCLUDE = {
    "base": {"base"},
    "model": {"base", "model"},
    "translate": {"base", "model", "translate"},
    "loop": {"base", "loop"},
    "store": {"base", "model", "loop", "store"},
    "core": {"base", "model", "loop", "store", "core"},
    "sip": {"base", "model", "translate", "loop", "core", "sip"},
    "xmpp": {"base", "model", "translate", "loop", "core", "xmpp"},
    "ops": {"base", "model", "loop", "core", "ops"},
    "ctl": {"base", "model", "ops", "ctl"},
    "": {"", "base", "model", "translate", "loop", "store", "core", "sip", "xmpp", "ops"},
}
# Of these folders core may include the one header only.
CORE_HEADERS = {"loop": {"loop/loop.h"}, "store": {"store/store.h"}}
# Library header -> folders where the library lives; "settings" is src/settings*.
LIBRARIES = [
    (re.compile(r"sofia-sip/"), {"sip", "loop"}, "Sofia-SIP"),
    (re.compile(r"strophe\.h$"), {"xmpp", "translate"}, "libstrophe"),
    (re.compile(r"expat\.h$"), {"xmpp"}, "expat"),
    (re.compile(r"libxml/"), {"translate"}, "libxml2"),
    (re.compile(r"sqlite3\.h$"), {"store"}, "SQLite"),
    (re.compile(r"libconfig\.h$"), {"settings"}, "libconfig"),
    (re.compile(r"(idn2|uni(case|ctype|gbrk|norm|str)|iconv)\.h$"), {"translate"}, "the Unicode libraries"),
]
# What core may take from the C library: it never waits, reads a clock or opens anything.
CORE_SYSTEM = {"assert.h", "errno.h", "inttypes.h", "limits.h", "stdbool.h", "stddef.h", "stdint.h",
               "stdio.h", "stdlib.h", "string.h"}
# Prefixes of the libraries (tests are ours alone, but they link the libraries too).
TAKEN = re.compile(r"(su|msg|sip|nta|nua|soa|sdp|auth|url|http|tport|stun|sres|nea|nth|tl|outbound|tls|"
                   r"host|span|scan|xmpp|config|sqlite3)_|xml[A-Z]")
# The two sides are named after their protocol; the libraries have no such names.
NOT_TAKEN = re.compile(r"(sip|xmpp)_side(_|$)")
BANNED = {
    "strcpy": "use memcpy with a checked length, or struct buf",
    "strcat": "use struct buf",
    "sprintf": "use snprintf or buf_printf",
    "vsprintf": "use vsnprintf",
    "gets": "use fgets",
    "strtok": "it keeps state and writes into its input: use strcspn",
    "atoi": "it has no errors: use strtol or a parser of ours",
    "atol": "it has no errors: use strtol",
    "atof": "it has no errors: use strtod",
    "setlocale": "the daemon runs in the C locale: numbers and case must not change",
    "system": "no shell: there is nothing to run",
    "popen": "no shell: there is nothing to run",
    "msg_multipart_parse": "it aborts on malformed input (SOF-010): parse multiparts ourselves",
}
FILE_LINES = 500
TEST_FILE_LINES = 700  # tables of examples are long
FUNCTION_LINES = 100
SAME_NAME_ALLOWED = {"CMakeLists.txt", "main.c"}
KEYWORDS = {"if", "for", "while", "switch", "return", "sizeof", "do", "else", "defined"}
ID = re.compile(r"[A-Z][A-Z0-9]*-\d+[a-z]?$")

complaints = []


def complain(path, line, text):
    complaints.append(f"{path}:{line}: {text}")


def blank(match):
    """Comments and strings become blanks; lines stay where they are."""
    return re.sub(r"[^\n]", " ", match.group(0)) if match.group(0)[0] == "/" else \
        match.group(0)[0] + re.sub(r"[^\n]", " ", match.group(0)[1:-1]) + match.group(0)[-1]


CLUTTER = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'", re.S)


class Source:
    def __init__(self, root, path):
        self.path = path.relative_to(root)
        self.text = path.read_text(encoding="utf-8")
        self.code = CLUTTER.sub(blank, self.text)
        self.lines = self.text.count("\n")

    def line_of(self, at):
        return self.text.count("\n", 0, at) + 1


def folder_of(path):
    """src/core/pair.c -> core; src/main.c -> ""."""
    return path.parts[1] if len(path.parts) > 2 else ""


# Includes -------------------------------------------------------------------------------------------

def check_own_include(source, line, folder, name):
    target = name.split("/")[0] if "/" in name else ""
    if target not in MAY_INCLUDE.get(folder, set()):
        complain(source.path, line, f'"{name}" is not for {folder or "src"}: it may include '
                 f'{", ".join(sorted(MAY_INCLUDE.get(folder, set())) )}; move the code, or hand the value in')
    elif folder == "core" and name not in CORE_HEADERS.get(target, {name}):
        complain(source.path, line, f'"{name}" is private to {target}: core uses {", ".join(CORE_HEADERS[target])}')
    elif not (source.root / "src" / name).exists():
        complain(source.path, line, f'"{name}": write the path from src/, as in "core/pair.h"')


def check_library_include(source, line, folder, name):
    place = "settings" if folder == "" and source.path.name.startswith("settings") else folder
    if str(source.path) == "src/main.c":
        return  # says the versions of the libraries (-V)
    for pattern, places, library in LIBRARIES:
        if pattern.match(name) and place not in places:
            complain(source.path, line, f"<{name}>: {library} belongs to {', '.join(sorted(places))}; "
                     "give the work to a function there")
            return
    if folder == "core" and name not in CORE_SYSTEM:
        complain(source.path, line, f"<{name}>: core includes no library and asks no system; "
                 "what it needs comes in through bridge_*() or loop.h")


def check_includes(source):
    folder = folder_of(source.path)
    used = set()
    for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', source.text, re.M):
        line = source.line_of(match.start())
        if match.group(1):
            check_own_include(source, line, folder, match.group(1))
            used.add(match.group(1).split("/")[0] if "/" in match.group(1) else "")
        else:
            check_library_include(source, line, folder, match.group(2))
    return used


def check_links(root, used):
    """The link list of each folder names only what it may include, and all that it does include."""
    links = {}
    for folder in MAY_INCLUDE:
        path = root / "src" / folder / "CMakeLists.txt"
        text = re.sub(r"#[^\n]*", "", path.read_text(encoding="utf-8")) if path.exists() else ""
        for match in re.finditer(r"sx_library\(\s*sx_(\w+)(.*?)\)", text, re.S):
            names = match.group(2).split("LINKS")[-1] if "LINKS" in match.group(2) else ""
            links[match.group(1)] = set(re.findall(r"\bsx_(\w+)", names))
            check_link_list(path.relative_to(root), folder, match.group(1), links[match.group(1)])
    for folder in filter(None, used):
        missing = {name for name in used[folder] if name} - reach(links, folder) - {folder}
        if folder in links and missing:
            complain(f"src/{folder}/CMakeLists.txt", 1, f"sx_{folder} includes {', '.join(sorted(missing))} "
                     "without linking it: add it to LINKS")


def check_link_list(path, folder, name, names):
    for target in sorted(names):
        home = target.split("_")[0] if target.endswith("_parts") else target
        if home not in MAY_INCLUDE.get(folder, set()):
            complain(path, 1, f"sx_{name} may not link sx_{target}: see the table in docs/ARCHITECTURE.md")


def reach(links, name):
    found, todo = set(), [name]
    while todo:
        for target in links.get(todo.pop(), ()):
            if target not in found:
                found.add(target)
                todo.append(target)
    return found


# Names and lists ------------------------------------------------------------------------------------

def check_unique(sources):
    seen = {}
    for source in sources:
        name = source.path.name
        if name in seen and name not in SAME_NAME_ALLOWED:
            complain(source.path, 1, f"there is {seen[name]} already: a file is found by its name, rename one")
        seen.setdefault(name, source.path)


def needs_line(path, paths):
    """A header beside a source file of the same name shares its line."""
    return path.suffix == ".c" or path.with_suffix(".c") not in paths


def check_listed(root, sources):
    text = (root / "docs/ARCHITECTURE.md").read_text(encoding="utf-8")
    files = text.split("\n## Files", 1)[-1].split("\n## ")[0] if "\n## Files" in text else ""
    paths = {source.path for source in sources}
    for path in sorted(paths):
        short = str(path.relative_to("src"))
        pattern = re.compile(r"(?<![\w/])(?:src/)?(?:%s|%s)(?!\w)" % (re.escape(short), re.escape(path.name)))
        if needs_line(path, paths) and not any(pattern.search(line) for line in files.split("\n")):
            complain(path, 1, 'it has no line in docs/ARCHITECTURE.md, "## Files": say there what it is for '
                     "(lint.py --files prints a draft)")
    for name in set(re.findall(r"(?<![\w/])([\w/]+\.[ch])(?!\w)", files)):
        if not any(str(path).endswith("/" + name) for path in paths):
            complain("docs/ARCHITECTURE.md", 1, f"{name} is listed and does not exist: take the line out")


def print_files(sources):
    paths = {source.path for source in sources}
    for source in sorted(sources, key=lambda s: s.path):
        if not needs_line(source.path, paths):
            continue
        comment = re.match(r"\s*/\*(.*?)\*/", source.text, re.S)
        if not comment and source.path.with_suffix(".h") in paths:
            header = (source.root / source.path.with_suffix(".h")).read_text(encoding="utf-8")
            comment = re.match(r"\s*/\*(.*?)\*/", header, re.S)
        words = " ".join(re.sub(r"\n \*", " ", comment.group(1)).split()) if comment else ""
        print(f"| `{source.path.relative_to('src')}` | {re.split(r'(?<=[.;]) ', words)[0].rstrip('.;')} |")


def functions(source):
    """(name, first line, last line) of each definition: a name at column 0 and a brace at column 0."""
    code = source.code
    for match in re.finditer(r"^(?=[A-Za-z_])(?!typedef\b)[^;{}#=]*?\b(\w+)\s*\([^;{}]*?\)[^;{}=()]*\n\{", code, re.M):
        end = re.compile(r"^\}", re.M).search(code, match.end())
        if match.group(1) not in KEYWORDS and end:
            yield match.group(1), source.line_of(match.start()), source.line_of(end.start())


def declarations(source):
    pattern = r"^(?!typedef\b|static\b|return\b|else\b)[A-Za-z_][\w \t*]*?[ *](\w+)\([^;{}]*\)[^;{}]*;"
    for match in re.finditer(pattern, source.code, re.M):
        yield match.group(1), source.line_of(match.start())


def check_functions(source, in_src):
    if source.path.suffix == ".c":
        for name, first, last in functions(source):
            if last - first + 1 > FUNCTION_LINES:
                complain(source.path, first, f"{name} has {last - first + 1} lines, {FUNCTION_LINES} is the limit: "
                         "split it by what it does")
            check_name(source, name, first, in_src)
    else:
        for name, line in declarations(source):
            check_name(source, name, line, in_src)


# Functions of Sofia that ours take the place of, on purpose: each file says why.
REPLACED = {"su_getmsgsize": "read_size.c", "msg_next": "read_size.c", "tport_primary_by_name": "way_out.c",
            "tport_alloc_secondary": "connection_hooks.c", "tport_zap_secondary": "connection_hooks.c",
            "tport_recv_iovec": "connection_hooks.c", "tport_deliver": "connection_hooks.c",
            "tport_by_name": "connection_hooks.c"}


def check_name(source, name, line, in_src):
    if REPLACED.get(name) == source.path.name:
        return
    if in_src and TAKEN.match(name) and not NOT_TAKEN.match(name):
        complain(source.path, line, f"{name}(): the prefix belongs to a library: name it after the file")


# Bugs that happened ---------------------------------------------------------------------------------

def conditions(source):
    """(offset, text) of what stands in the brackets of if, while and switch."""
    code = source.code
    for match in re.finditer(r"\b(?:if|while|switch)\s*\(", code):
        depth, at = 1, match.end()
        while depth and at < len(code):
            depth += {"(": 1, ")": -1}.get(code[at], 0)
            at += 1
        yield match.end(), code[match.end():at - 1]


def check_conditions(source):
    for at, text in conditions(source):
        for match in re.finditer(r"(?<![=!<>])=(?!=)", text):
            # A compound literal or designated initializer is no assignment.
            if "{" in text[:match.start()]:
                continue
            complain(source.path, source.line_of(at + match.start()),
                     "assignment in a condition: put it on a line of its own before")


def check_banned(source, in_src):
    if not in_src:
        return  # tests may run programs and copy texts of their own
    for name, advice in BANNED.items():
        for match in re.finditer(r"(?<![\w.>])%s\s*\(" % name, source.code):
            complain(source.path, source.line_of(match.start()), f"{name}() is not used here: {advice}")


def check_form(source, in_src):
    most = FILE_LINES if in_src else TEST_FILE_LINES
    if source.lines > most:
        complain(source.path, most, f"{source.lines} lines, {most} is the limit: split the file by what its parts do")
    if source.path.suffix == ".h" and not re.search(r"^#pragma once$", source.text, re.M):
        complain(source.path, 1, "a header begins with #pragma once, behind the comment that says what it is")


# Requirements ---------------------------------------------------------------------------------------

def check_marks(root):
    known = set()
    for line in (root / "docs/requirements.tsv").read_text(encoding="utf-8").splitlines():
        known.add(line.split("\t")[0])
    for path in sorted((root / "tests").rglob("*")):
        if path.suffix not in (".c", ".h", ".py", ".sh", ".scn") or path.parts[-2] == "lint":
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            check_marks_of_line(path.relative_to(root), number, line, known)


def check_marks_of_line(path, number, line, known):
    for inside in re.findall(r"\[([A-Z][A-Z0-9]*-\d[^\]\n]*)\]", line):
        for mark in re.split(r",\s*", inside):
            if not ID.match(mark):
                complain(path, number, f"[{inside}]: a mark is [PRES-017] or [PRES-017, D-22]: one ID, or a list")
            elif mark not in known:
                complain(path, number, f"[{mark}]: no such requirement in docs/requirements.tsv: mend the mark")


# Headers compile alone ------------------------------------------------------------------------------

def compile_header(root, compiler, path):
    command = shlex.split(compiler) + ["-std=c11", "-D_GNU_SOURCE", f"-I{root}/src", f"-I{root}/tests",
                                       "-fsyntax-only", "-x", "c", "-include", str(path), "/dev/null"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stderr


def check_headers(root, compiler):
    headers = sorted(list((root / "src").rglob("*.h")) + list((root / "tests").rglob("*.h")))
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        results = pool.map(lambda path: compile_header(root, compiler, path), headers)
        for path, (ok, errors) in zip(headers, results):
            if not ok:
                first = next((line for line in errors.splitlines() if "error" in line), errors)
                complain(path.relative_to(root), 1, "it does not compile alone: include what it needs by value, "
                         f"declare the rest ({first})")


def read_sources(root, top):
    found = []
    for path in sorted((root / top).rglob("*.[ch]")):
        source = Source(root, path)
        source.root = root
        found.append(source)
    return found


def main(argv):
    compiler = None
    files = False
    while argv and argv[0].startswith("--"):
        option = argv.pop(0)
        if option == "--headers" and argv:
            compiler = argv.pop(0)
        elif option == "--files":
            files = True
        else:
            sys.exit(__doc__)
    root = pathlib.Path(argv[0] if argv else __file__).resolve()
    root = root if argv else root.parents[2]
    if compiler:
        check_headers(root, compiler)
    elif files:
        print_files(read_sources(root, "src"))
        return 0
    else:
        check_tree(root)
    print("\n".join(complaints) if complaints else "clean")
    return 1 if complaints else 0


def check_tree(root):
    sources = read_sources(root, "src")
    used = {}
    for source in sources:
        used.setdefault(folder_of(source.path), set()).update(check_includes(source))
    for source in sources + read_sources(root, "tests"):
        in_src = source.path.parts[0] == "src"
        check_form(source, in_src)
        check_functions(source, in_src)
        check_conditions(source)
        check_banned(source, in_src)
    check_links(root, used)
    check_unique(sources)
    check_listed(root, sources)
    check_marks(root)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
