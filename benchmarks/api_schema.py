"""Does the API answer as its own description says, whatever is asked?

    python benchmarks/api_schema.py [--examples 200]

Schemathesis (`pip install schemathesis`, no dependency of airl) makes requests from /openapi.json, right and wrong
ones, and compares status, type and body of the answers with it.
Engines that answer at once stand in for lite.
"""
import argparse
import sys
from pathlib import Path

from _figures import figure

sys.path.insert(0, str(Path(__file__).parents[1]/'tests'))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--examples', type=int, default=200)
    args = parser.parse_args()
    import folders_engines
    import pytest
    try: import schemathesis
    except ImportError: raise SystemExit('Schemathesis is not installed: pip install schemathesis.') from None
    from hypothesis import HealthCheck, given, settings
    with pytest.MonkeyPatch.context() as patch:
        folders_engines.put(patch, lambda: None)
        from airl.api import create_api
        schema, found, tried = schemathesis.openapi.from_asgi('/openapi.json',
                                                              create_api(
            'lite', hosts=['testserver', 'localhost', '127.0.0.1'])), [], 0
        for result in schema.get_all_operations():
            operation = result.ok()
            @settings(max_examples=args.examples, deadline=None, database=None, derandomize=True,
                      suppress_health_check=list(HealthCheck))
            @given(case=operation.as_strategy())
            def check(case):
                nonlocal tried
                tried += 1
                case.call_and_validate()
            try: check()
            except Exception as error:   # noqa: BLE001, whatever it is, it is a finding
                found.append(operation.label)
                print(f'{operation.label}: {str(error)[:1500]}')
            except BaseExceptionGroup as several:
                found.append(operation.label)
                print(f'{operation.label}: {[str(e)[:600] for e in several.exceptions]}')
    figure('api_schema.findings', len(found), 0, at_most=True, requests=tried)


if __name__ == '__main__': main()
