#!/usr/bin/env python3
"""The lint finds what it is for: a small tree with one fault per rule, and the same tree without."""
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import lint  # noqa: E402

CLEAN = {
    "docs/requirements.tsv": "PRES-017\tMUST\t04\tx\n",
    "docs/ARCHITECTURE.md": "# A\n\n## Files\n\n| `base/buf.c` | x |\n| `core/pair.c` | x |\n| `core/side.h` | x |\n",
    "src/base/CMakeLists.txt": "sx_library(sx_base\n\tFILES buf.c)\n",
    "src/base/buf.c": '#include "base/buf.h"\n\nint buf_x(void)\n{\n\treturn 0;\n}\n',
    "src/base/buf.h": "/* x */\n#pragma once\n\nint buf_x(void);\n",
    "src/core/CMakeLists.txt": "sx_library(sx_core\n\tFILES pair.c\n\tLINKS sx_base)\n",
    "src/core/pair.c": '#include "base/buf.h"\n#include "core/side.h"\n#include <string.h>\n\n'
                       "int pair_x(int a)\n{\n\tif (a == 1)\n\t\treturn buf_x(); /* if (a = 1) strcpy( */\n"
                       '\treturn strcmp("if (a = 2)", "b");\n}\n',
    "src/core/side.h": "/* x */\n#pragma once\n\nint pair_x(int a);\n",
    "tests/unit/test_x.c": "/* [PRES-017] */\nint a[2];\n",
}

# file, text put in the place of another (None: at the end), what the complaint says
FAULTS = [
    ("src/base/buf.c", None, '#include "core/side.h"\n', "is not for base"),
    ("src/core/pair.c", None, '#include "sip/agent.h"\n', "is not for core"),
    ("src/core/pair.c", None, '#include "store/store_sqlite.h"\n', "private to store"),
    ("src/core/pair.c", None, "#include <strophe.h>\n", "libstrophe belongs to"),
    ("src/core/pair.c", None, "#include <unistd.h>\n", "core includes no library"),
    ("src/base/buf.c", None, "#include <sofia-sip/su.h>\n", "Sofia-SIP belongs to"),
    ("src/base/buf.c", None, "#include <sqlite3.h>\n", "SQLite belongs to"),
    ("src/core/CMakeLists.txt", "sx_base", "sx_sip", "may not link sx_sip"),
    ("src/core/CMakeLists.txt", "LINKS sx_base", "", "without linking it"),
    ("src/base/side.h", None, "/* x */\n#pragma once\n", "rename one"),
    ("src/base/new.c", None, "int new_x;\n", "no line in docs/ARCHITECTURE.md"),
    ("docs/ARCHITECTURE.md", None, "| `base/gone.c` | x |\n", "does not exist"),
    ("src/core/side.h", "#pragma once", "", "#pragma once"),
    ("src/core/pair.c", "a == 1", "(a = buf_x()) == 1", "assignment in a condition"),
    ("src/core/pair.c", "if (a == 1)", "while (a += 1)", "assignment in a condition"),
    ("src/core/pair.c", "pair_x", "nta_x", "belongs to a library"),
    ("src/core/side.h", "pair_x", "xmlRead", "belongs to a library"),
    ("src/core/pair.c", "return buf_x();", "strcpy(0, 0);", "strcpy() is not used here"),
    ("src/core/pair.c", "return buf_x();", "msg_multipart_parse(0);", "SOF-010"),
    ("src/core/pair.c", "\tif (a == 1)", "\ta++;\n" * 120 + "\tif (a == 1)", "pair_x has 1"),
    ("src/core/pair.c", None, "/* */\n" * 600, "500 is the limit"),
    ("tests/unit/test_x.c", "PRES-017", "PRES-999", "no such requirement"),
    ("tests/unit/test_x.c", "PRES-017", "PRES-017 D-22", "one ID, or a list"),
]


def complaints_of(tree):
    lint.complaints.clear()
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        for path, text in tree.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        lint.check_tree(root)
    return list(lint.complaints)


def with_fault(path, old, new):
    tree = dict(CLEAN)
    text = tree.get(path, "")
    assert old is None or old in text, (path, old)
    tree[path] = text + new if old is None else text.replace(old, new)
    return tree


def main():
    failed = [f"a clean tree: {text}" for text in complaints_of(CLEAN)]
    for path, old, new, want in FAULTS:
        found = complaints_of(with_fault(path, old, new))
        if not any(want in text for text in found):
            failed.append(f"{path}, {new.strip()[:40]!r}: wanted {want!r}, found {found}")
    print("\n".join(failed) if failed else f"{len(FAULTS)} faults found")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
