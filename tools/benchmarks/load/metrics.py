"""What the engines' own metrics say of reactions to replies."""

import collections

import requests
from prometheus_client import parser

_NAME = "fenix_reaction_seconds"


def reaction(urls):
    """The histogram of all engines together: replies by upper limit in seconds."""
    found = collections.Counter()
    for url in urls:
        for family in parser.text_string_to_metric_families(requests.get(url, timeout=60).text):
            for sample in family.samples:
                if sample.name == f"{_NAME}_bucket":
                    found[float(sample.labels["le"])] += sample.value
    return found


def less(after, before):
    """What came to a histogram."""
    return {limit: count - before.get(limit, 0) for limit, count in sorted(after.items())}


def quantile(histogram, share):
    """As Prometheus reckons it: as if spread evenly inside a bucket. None: there is nothing."""
    total = max(histogram.values(), default=0)
    if not total:
        return None
    below, lower = 0, 0.0
    for limit, count in histogram.items():
        if count >= share * total:
            if limit == float("inf"):
                return lower
            return lower + (limit - lower) * (share * total - below) / (count - below)
        below, lower = count, limit
    return lower
