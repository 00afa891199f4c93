"""Fails where a public name of the installed package has no known type, as a user's type checker sees it.

basedpyright's `--verifytypes` does the work; left out are the rooms of the local endpoint, of which only `LocalSCF` is
for others. Forgiven is a base class of the official SDK, which ships no types.
"""

import json
import subprocess
import sys

PACKAGE = "tencentserverless"
ROOMS = "tencentserverless.local."
PUBLIC_IN_ROOMS = ("tencentserverless.local.LocalSCF", "tencentserverless.local.local_scf.LocalSCF")
FORGIVEN = ("Type of base class", "Type of metaclass unknown")


def unknown_types(report: dict) -> list[str]:
    """One paragraph per public symbol whose type is not known whole."""
    told = []
    for symbol in report["typeCompleteness"]["symbols"]:
        is_room = symbol["name"].startswith(ROOMS) and not symbol["name"].startswith(PUBLIC_IN_ROOMS)
        if not symbol["isExported"] or is_room:
            continue
        if symbol["isTypeKnown"] and not symbol["isTypeAmbiguous"]:
            continue
        found = sorted({each["message"] for each in symbol["diagnostics"] if each["severity"] == "error"})
        if not found or not all(message.startswith(FORGIVEN) for message in found):
            told.append("\n    ".join([symbol["name"], *found]))
    return told


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
