#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""tally.py - add up the expectations in Meson's test logs: "N passed, N failed" """
import json
import re
import sys

passed = failed = skipped = 0
for path in sys.argv[1:]:
    with open(path, encoding="utf-8", errors="replace") as log:
        for line in log:
            test = json.loads(line)
            ok = bad = skip = 0
            for tap in test.get("stdout", "").splitlines():
                if re.match(r"ok \d+.*# SKIP", tap, re.I):
                    skip += 1
                elif re.match(r"ok \d+", tap):
                    ok += 1
                elif re.match(r"not ok \d+", tap):
                    bad += 1
            if test["result"] in ("OK", "EXPECTEDFAIL"):
                ok = ok or (0 if skip else 1)
            elif test["result"] == "SKIP":
                skip = skip or 1
            else:  # a crash or a time-out fails even if every line before it was well
                bad = bad or 1
                print(f"failed: {test['name']} ({path}): {test['result']}")
            passed, failed, skipped = passed + ok, failed + bad, skipped + skip
tail = f", {skipped} skipped" if skipped else ""
print(f"{passed} passed, {failed} failed{tail}")
sys.exit(1 if failed or not passed else 0)
