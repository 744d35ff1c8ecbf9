"Functions and constants of a notebook's tests, for programs that need the same small networks."
import ast
import json
from pathlib import Path


def from_notebook(name, *names, given=None):
    "What the notebook `name` defines under those names, in their order; `given` is what that may use."
    cells = json.loads((Path(__file__).parents[1]/'nbs'/f'{name}.ipynb').read_text(encoding='utf-8'))['cells']
    space = dict(given or {})
    for cell in cells:
        source = ''.join(cell['source'])
        if cell['cell_type'] != 'code' or not any(n in source for n in names): continue
        tree = ast.parse('\n'.join('pass' if line.lstrip().startswith('%') else line for line in source.splitlines()))
        wanted = [node for node in tree.body if getattr(node, 'name', '') in names
                  or isinstance(node, ast.Assign) and all(isinstance(t, ast.Name) and t.id in names
                                                          for t in node.targets)]
        exec(compile(ast.Module(wanted, []), name, 'exec'), space)
    return [space[n] for n in names]
