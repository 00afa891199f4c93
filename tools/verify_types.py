"""Fails if a type checker of a user does not know the type of a public name of the installed package.

It uses `--verifytypes` of basedpyright. The internal modules of the local endpoint are left out: only `LocalSCF` is
public. A base class of the official SDK, which has no types, is ignored.
"""

import json
import subprocess
import sys

PACKAGE = "tencentserverless"
LOCAL = "tencentserverless.local."
PUBLIC_IN_LOCAL = ("tencentserverless.local.LocalSCF", "tencentserverless.local.local_scf.LocalSCF")
IGNORED = ("Type of base class", "Type of metaclass unknown")


def unknown_types(report: dict) -> list[str]:
    """One paragraph for each public symbol whose type is not known completely."""
    problems = []
    for symbol in report["typeCompleteness"]["symbols"]:
        is_internal = symbol["name"].startswith(LOCAL) and not symbol["name"].startswith(PUBLIC_IN_LOCAL)
        if not symbol["isExported"] or is_internal:
            continue
        if symbol["isTypeKnown"] and not symbol["isTypeAmbiguous"]:
            continue
        found = sorted({each["message"] for each in symbol["diagnostics"] if each["severity"] == "error"})
        if not found or not all(message.startswith(IGNORED) for message in found):
            problems.append("\n    ".join([symbol["name"], *found]))
    return problems


def main() -> None:
    command = ["basedpyright", "--outputjson", "--ignoreexternal", "--verifytypes", PACKAGE]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        report = json.loads(found.stdout)
    except ValueError:
        sys.exit(f"basedpyright gave no report:\n{found.stdout}{found.stderr}")
    if not report["typeCompleteness"]["symbols"]:
        sys.exit(f"basedpyright found no {PACKAGE} with a py.typed file")
    problems = unknown_types(report)
    print(*problems, f"{len(problems)} public names without a known type", sep="\n")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
