"""Rounds, in each of which every contender has one turn, and tables of their results."""

import statistics

BASELINE = "bare"
NAMES = {
    "bare": "bare TLS socket",
    "ours": "tencentserverless (this checkout)",
    "http_client": "http.client, timeout, no signing, no JSON",
    "official": "official SDK, keepAlive=True",
    "predecessor": "tencentserverless 0.1.7",
}


def interleave(turns, rounds):
    """Run all turns in every round. Returns a list of {name: number}.

    turns: functions without arguments that return a number, by name. Each round begins with another one, so that none
        always follows the same contender.
    """
    names = list(turns)
    results = []
    for number in range(rounds):
        first = number % len(names)
        results.append({name: turns[name]() for name in names[first:] + names[:first]})
    return results


def ratios(results, name, to):
    """The ratio of two contenders in each round."""
    return [result[name] / result[to] for result in results]


def summary(values):
    """The median, and the range of the middle half."""
    low, high = min(values), max(values)
    if len(values) >= 4:
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{statistics.median(values):6.2f}  ({low:.2f} to {high:.2f})"


def heading(text, *about):
    print(f"\n{text}")
    for line in about:
        print(f"  {line}")


def row(name, values, note=""):
    print(f"  {name:<52} {summary(values):<25} {note}".rstrip(), flush=True)


def not_measured(name, why):
    print(f"  {name:<52} not measured: {why}", flush=True)


def table(results, baseline=BASELINE, aims=None):
    """Print the ratio of every contender to the baseline."""
    for name in results[0]:
        aim = (aims or {}).get(name, "")
        row(NAMES[name], ratios(results, name, baseline), aim)


def compare(text, results, to, aim="", name="ours"):
    row(text, ratios(results, name, to), aim)
