"""Replaces `curl` on machines without it; accepts the options that our commands print."""

import argparse
import urllib.error
import urllib.request


def main() -> None:
    """Print the answer's body for any status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("--show-error", action="store_true")
    parser.add_argument("--header", action="append", default=[])
    parser.add_argument("url")
    given = parser.parse_args()
    headers = dict(header.split(": ", 1) for header in given.header)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        answer = opener.open(urllib.request.Request(given.url, headers=headers))
    except urllib.error.HTTPError as refused:
        answer = refused
    print(answer.read().decode(), end="")


if __name__ == "__main__":
    main()
