"""Stands in for `curl` where a machine has none: the few options that the documentation uses."""

import argparse
import sys
import urllib.error
import urllib.request


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("-s", action="store_true")
    parser.add_argument("-S", action="store_true")
    parser.add_argument("-X", dest="method")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", dest="data")
    given = parser.parse_args()
    body = given.data.encode() if given.data is not None else None
    headers = dict(header.split(": ", 1) for header in given.headers)
    request = urllib.request.Request(given.url, body, headers, method=given.method)  # noqa: S310  # the page's own address
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  # as above
            sys.stdout.buffer.write(answer.read())
    except urllib.error.HTTPError as error:
        sys.stdout.buffer.write(error.read())
    return 0


if __name__ == "__main__":
    sys.exit(main())
