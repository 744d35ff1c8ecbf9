"The rooms of the package, measured by their syntax trees and imports: python tools/rooms.py [ROOT] prints the table."
import ast
import sys
import tomllib
from collections import Counter, defaultdict
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

LONGEST, SHORTEST = 450, 60   # lines of an exported module
LONGER = {'cli': 560}         # whose commands declare a hundred options
HOUSEHOLD = {'log'}   # every room has its own logger


@cache
def parsed(path: Path, size_and_time: tuple) -> ast.Module: return ast.parse(path.read_text(encoding='utf-8'))


def modules(root: Path) -> list[Path]:
    "The exported modules."
    return sorted(path for path in (root/'airl').glob('*.py')
                  if path.name not in ('__init__.py', '__main__.py', '_modidx.py'))


def trees(root: Path) -> dict[str, ast.Module]:
    return {path.stem: parsed(path, (path.stat().st_size, path.stat().st_mtime_ns)) for path in modules(root)}


def classes(root: Path) -> set[str]:
    return {node.name for tree in trees(root).values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def targets(node: ast.AST) -> list[ast.expr]:
    "What a statement assigns to, tuples taken apart."
    if isinstance(node, ast.Assign): found = node.targets
    elif isinstance(node, ast.AnnAssign | ast.AugAssign): found = [node.target]
    else: return []
    return [one for target in found for one in (target.elts if isinstance(target, ast.Tuple | ast.List) else [target])]


def last_name(node: ast.AST) -> str:
    "The last part of a dotted name; empty for anything else."
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ''


def is_class(node: ast.expr, names: set[str]) -> bool:
    "Whether an expression is a class of the package: by its name, or as `type(x)`, `self.__class__`."
    if isinstance(node, ast.Call): return last_name(node.func) == 'type'
    return last_name(node) in names or last_name(node) == '__class__'


def aliases(tree: ast.Module, names: set[str]) -> set[str]:
    "Names that stand for a class of the package: `for c in (Photo, Video)`, `c = Photo`."
    found = set()
    for node in ast.walk(tree):
        values = node.iter.elts if isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple | ast.List) else []
        if isinstance(node, ast.Assign): values = [node.value]
        held = [v for v in values if isinstance(v, ast.Name | ast.Attribute) and is_class(v, names)]
        bound = [node.target] if isinstance(node, ast.For) else targets(node)
        if held: found |= {t.id for t in bound if isinstance(t, ast.Name)}
    return found


def attached(root: Path) -> list[str]:
    "Methods given to a class of the package from outside: by assignment, `setattr`, `patch`; a line each."
    known, found = classes(root), []
    for module, tree in trees(root).items():
        names = known | aliases(tree, known)
        for node in ast.walk(tree):
            for target in targets(node):
                if isinstance(target, ast.Attribute) and is_class(target.value, names):
                    found.append(f'{module}, line {node.lineno}: {ast.unparse(target)} is attached')
            if (isinstance(node, ast.Call) and node.args and last_name(node.func).endswith('setattr')
                and is_class(node.args[0], names)):
                found.append(f'{module}, line {node.lineno}: {ast.unparse(node)[:90]}')
            decorators = [last_name(getattr(d, 'func', d)) for d in getattr(node, 'decorator_list', ())]
            if any(name.startswith('patch') for name in decorators):
                found.append(f'{module}, line {node.lineno}: {node.name} is a patch')
    return found


def too_long(root: Path) -> list[str]:
    "Exported modules of more than `LONGEST` lines, blank ones and the marks of cells aside."
    def lines(path):
        every = path.read_text(encoding='utf-8').splitlines()
        return [line for line in every if line.strip() and not line.startswith('# %%')]
    lengths = {path.stem: len(lines(path)) for path in modules(root)}
    return [f'airl/{name}.py has {n} lines of at most {LONGER.get(name, LONGEST)}' for name, n in lengths.items()
            if n > LONGER.get(name, LONGEST)]


def too_short(root: Path) -> list[str]:
    "Exported modules of fewer than `SHORTEST` lines, which could live with a neighbour."
    lengths = {path.stem: len(path.read_text(encoding='utf-8').splitlines()) for path in modules(root)}
    return [f'airl/{name}.py has {n} lines of at least {SHORTEST}' for name, n in lengths.items() if n < SHORTEST]


def imports(root: Path) -> dict[str, set[str]]:
    "Module → the modules of the package that it imports, also inside functions and by a name in `import_module`."
    known, graph = {path.stem for path in modules(root)}, defaultdict(set)
    for module, tree in trees(root).items():
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.ImportFrom):
                home = ((node.module or '').removeprefix('airl').lstrip('.') if node.level
                        or (node.module or '').split('.')[0] == 'airl' else None)
                if home is not None: names = [home] if home else [alias.name for alias in node.names]
            elif isinstance(node, ast.Call) and last_name(node.func) in ('import_module', '__import__'):
                names = [a.value.removeprefix('airl').lstrip('.') for a in node.args[:1]
                         if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            elif isinstance(node, ast.Import):
                names = [alias.name.removeprefix('airl.') for alias in node.names if alias.name.startswith('airl.')]
            graph[module] |= {name.split('.')[0] for name in names} & known - {module}
        graph[module] |= set()
    return dict(graph)


def circles(root: Path) -> list[str]:
    "A circle of imports, if there is one."
    try: TopologicalSorter(imports(root)).prepare()
    except CycleError as error: return [' → '.join(error.args[1])]
    return []


def exceptions(root: Path) -> list[str]:
    """What weakens the contracts of import-linter: ignored imports, modules left out, siblings that may import each
    other (`a : b`)."""
    with open(root/'pyproject.toml', 'rb') as file: contracts = tomllib.load(file)['tool']['importlinter']['contracts']
    found = [f'ignored: {ignored}' for contract in contracts for ignored in contract.get('ignore_imports', [])]
    found += [f'left out: {name}' for contract in contracts for name in {*contract.get('exhaustive_ignores', [])}
              - {'__main__', '_modidx'}]
    found += ['a contract that does not name every module' for contract in contracts if not contract.get('exhaustive')]
    return found + [f'siblings that may import each other: {layer}' for contract in contracts
                    for layer in contract['layers'] if ':' in layer]


def defined_twice(root: Path) -> dict[str, list[str]]:
    "Names that more than one module defines at its top level, or one module more than once."
    homes = defaultdict(list)
    for module, tree in trees(root).items():
        names = Counter()
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef): names[node.name] += 1
            for target in targets(node):
                if isinstance(target, ast.Name): names[target.id] += isinstance(node, ast.Assign)
        for name, n in names.items(): homes[name] += [module]*n
    return {name: where for name, where in sorted(homes.items()) if len(where) > 1
            and name not in {*HOUSEHOLD, '__all__'}}


def table(root: Path) -> dict[str, str]:
    "The figures of the house, a line each."
    lengths = sorted(((len(path.read_text(encoding='utf-8').splitlines()), path.stem) for path in modules(root)),
                     reverse=True)
    twice = defined_twice(root)
    return {'modules': str(len(lengths)), 'exported lines': str(sum(n for n, _ in lengths)),
            'median module': f'{lengths[len(lengths)//2][0]} lines',
            'longest': ', '.join(f'{name} {n}' for n, name in lengths[:4]),
            f'modules over {LONGEST} lines': str(len(too_long(root))),
            'attached methods (statements)': str(len(attached(root))),
            'circles': '; '.join(circles(root)) or 'none', 'exceptions in the contract': '; '.join(exceptions(root))
            or 'none',
            'names defined twice': f'{len(twice)}: {", ".join(twice)}'}


if __name__ == '__main__':
    for what, figure in table(Path(sys.argv[1] if len(sys.argv) > 1
                                   else Path(__file__).resolve().parent.parent)).items():
        print(f'{what:<32} {figure}')
