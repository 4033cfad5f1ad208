"""Break every guard of every machine: `python -m tests.evidence.guards [MACHINE ...]`.

A guard is a comparison, an `and`, an `or` or a `not` in a function of a machine, or `&` and `|` of
bits.  Each is turned into its neighbour (`<` into `<=`, `and` into `or`, ...), one at a time, in a
copy of the project; then the machine's tests run, and where these say nothing its worlds are
explored.  What nobody minds must be in `SAME`, with the reason why nobody can.

What was found is kept in runs/guards.jsonl, so a run that was stopped goes on where it was.
"""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from queue import SimpleQueue
from shutil import copytree, ignore_patterns
from tempfile import TemporaryDirectory
from types import MappingProxyType

from attrs import frozen
from rich.console import Console
from rich.table import Table

from spec.catalogue import MACHINES
from tests.evidence.guards_same import SAME

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "runs" / "guards.jsonl"
JOBS = int(os.environ.get("JOBS", "2"))
TESTS_S, WORLDS_S = 300, 1_800  # what does not end by then has been broken visibly
PYTEST = ("-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0")
FORMED = "tests/machines/test_ill_formed.py"  # of all machines, and quick
OURS = ("spec", "machines", "simulator", "adapters", "tests")
PARTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {  # the modules of each machine
        "order": ("order",),
        "position": ("position",),
        "hedge_wallet": ("hedge_wallet", "ladder"),
        "collision": ("collision",),
        "mirror": ("mirror", "mirror_inputs", "mirror_ranking", "mirror_allocation"),
        "mirroring": ("mirroring",),
        "trailing": ("trailing",),
        "unstuck": ("unstuck",),
        "slots": ("slots",),
        "supervisor": ("supervisor",),
        # rules beside the machines, which have tests and laws, but no worlds
        "order_manager": ("order_manager",),
        "inquiry": ("inquiry",),
        "gate": ("gate",),
        "reconciliation": ("reconciliation",),
        "portfolio_handling": ("portfolio_handling",),
    }
)
NEIGHBOUR: Mapping[type[ast.AST], type[ast.AST]] = MappingProxyType(
    {
        ast.Lt: ast.LtE,
        ast.LtE: ast.Lt,
        ast.Gt: ast.GtE,
        ast.GtE: ast.Gt,
        ast.Eq: ast.NotEq,
        ast.NotEq: ast.Eq,
        ast.Is: ast.IsNot,
        ast.IsNot: ast.Is,
        ast.In: ast.NotIn,
        ast.NotIn: ast.In,
        ast.And: ast.Or,
        ast.Or: ast.And,
        ast.BitAnd: ast.BitOr,
        ast.BitOr: ast.BitAnd,
    }
)
EXPLORE = (
    "import sys; from simulator.rows import UNDER, minded; from spec.catalogue import MACHINES; "
    "worlds = UNDER[sys.argv[1]](MACHINES[sys.argv[1]][0]); "
    "print(next(filter(None, map(minded, worlds)), ''))"
)


@frozen
class Broken:
    """A guard at *line* of *module*, *before* and *after*; *text* is the whole module with it."""

    module: str
    line: int
    before: str
    after: str
    text: str

    @property
    def same(self) -> str:
        """Why nobody can tell, nothing if it is not known to be so."""
        return SAME.get((self.module, self.before, self.after), "")


class _Breaker(ast.NodeTransformer):
    """Breaks guard number *nth* of those in functions, and counts them all."""

    def __init__(self, nth: int) -> None:
        self.nth, self.count, self.depth = nth, 0, 0
        self.found: tuple[int, str, str] | None = None

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.depth += 1
        node.body = [self.visit(each) for each in node.body]
        self.depth -= 1
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        return node

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        return node  # annotations are no guards

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        for place, op in enumerate(node.ops):
            if self._chosen():
                before = ast.unparse(node)
                node.ops[place] = NEIGHBOUR[type(op)]()  # type: ignore[call-overload]
                self.found = node.lineno, before, ast.unparse(node)
        return self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        if self._chosen():
            before = ast.unparse(node)
            node.op = NEIGHBOUR[type(node.op)]()  # type: ignore[assignment]
            self.found = node.lineno, before, ast.unparse(node)
        return self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        if isinstance(node.op, ast.BitAnd | ast.BitOr) and self._chosen():
            before = ast.unparse(node)
            node.op = NEIGHBOUR[type(node.op)]()  # type: ignore[assignment]
            self.found = node.lineno, before, ast.unparse(node)
        return self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        if isinstance(node.op, ast.Not) and self._chosen():
            self.found = node.lineno, ast.unparse(node), ast.unparse(node.operand)
            return node.operand
        return self.generic_visit(node)

    def _chosen(self) -> bool:
        self.count += self.depth > 0
        return self.depth > 0 and self.count == self.nth


def broken(module: str, root: Path = ROOT) -> Iterator[Broken]:
    """Yield machines.*module* with each of its guards broken, in turn."""
    source = (root / "machines" / f"{module}.py").read_text(encoding="utf-8")
    nth = 1
    while True:
        tree, breaker = ast.parse(source), _Breaker(nth)
        changed = breaker.visit(tree)
        if breaker.found is None:
            return
        yield Broken(module, *breaker.found, ast.unparse(changed) + "\n")
        nth += 1


def minding(machine: str, each: Broken, tree: Path) -> str:
    """Return who minds *each* in the copy *tree* of the project: tests, a world, or nobody, ""."""
    path = tree / "machines" / f"{each.module}.py"
    whole = path.read_text(encoding="utf-8")
    path.write_text(each.text, encoding="utf-8")
    try:
        tests = sorted(tree.glob(f"tests/machines/test_{machine}*.py"))
        if _ran(tree, TESTS_S, *PYTEST, FORMED, *map(str, tests)):
            return "tests"
        return _ran(tree, WORLDS_S, "-c", EXPLORE, machine) if machine in MACHINES else ""
    finally:
        path.write_text(whole, encoding="utf-8")


def _ran(tree: Path, seconds: int, *words: str) -> str:
    """Return what the command says, or how it failed; nothing if all is well."""
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "HYPOTHESIS_PROFILE": "dev"}
    try:
        done = subprocess.run(  # noqa: S603
            (sys.executable, *words),
            cwd=tree,
            env=environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "endless"
    if "pytest" in words:
        return "" if done.returncode == 0 else "tests"
    return done.stdout.strip() if done.returncode == 0 else "failed"


def main(arguments: Sequence[str]) -> int:
    """Break the guards of the machines named, or of all; return 1 if nobody minds one."""
    names = list(arguments) or list(PARTS)
    if unknown := [name for name in names if name not in PARTS]:
        print(f"{', '.join(unknown)}: name some of {', '.join(PARTS)}", file=sys.stderr)
        return 2
    todo = [(name, each) for name in names for part in PARTS[name] for each in broken(part)]
    kept = _kept()
    trees: SimpleQueue[Path] = SimpleQueue()
    found: dict[Broken, str] = {}

    def judged(work: tuple[str, Broken]) -> None:
        name, each = work
        key = sha256(each.text.encode()).hexdigest()
        if key not in kept:
            tree = trees.get()
            kept[key] = minding(name, each, tree)
            trees.put(tree)
            _keep(key, each, kept[key])
        found[each] = kept[key]
        words = found[each] or f"NOBODY, {each.before} -> {each.after}"
        print(f"{len(found)}/{len(todo)} {each.module}.py:{each.line}: {words}", flush=True)

    with TemporaryDirectory() as folder, ThreadPoolExecutor(JOBS) as pool:
        for number in range(JOBS):
            trees.put(_copied(Path(folder) / str(number)))
        list(pool.map(judged, todo))
    return _told(names, todo, found)


def _copied(tree: Path) -> Path:
    """Return *tree*, a copy of the project that can be run."""
    tree.mkdir()
    for name in OURS:
        copytree(ROOT / name, tree / name, ignore=ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "docs"):
        (tree / name).symlink_to(ROOT / name)
    return tree


def _kept() -> dict[str, str]:
    """Return who minded what, of all that somebody has; what nobody did is asked again."""
    if not KEPT.is_file():
        return {}
    rows = map(json.loads, KEPT.read_text(encoding="utf-8").splitlines())
    return {row["text"]: row["found"] for row in rows if row["found"]}


def _keep(key: str, each: Broken, found: str) -> None:
    row = {"text": key, "found": found, "module": each.module, "after": each.after}
    KEPT.parent.mkdir(exist_ok=True)
    with KEPT.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(row) + "\n")


def _told(
    names: Sequence[str], todo: Sequence[tuple[str, Broken]], found: Mapping[Broken, str]
) -> int:
    """Print who minds the guards of each machine, and what nobody minds; return 1 if it should."""
    table = Table("machine", box=None, header_style="bold")
    for head in ("guards", "tests", "worlds", "same", "missed"):
        table.add_column(head, justify="right")
    for name in names:
        mine = [each for owner, each in todo if owner == name]
        by_tests = sum(found[each] == "tests" for each in mine)
        left = [each for each in mine if not found[each]]
        same = sum(bool(each.same) for each in left)
        counts = len(mine), by_tests, len(mine) - by_tests - len(left), same, len(left) - same
        table.add_row(name, *map(str, counts))
    Console().print(table)
    missed = [each for _, each in todo if not found[each]]
    for each in missed:
        why = each.same or "nobody minds"
        print(f"{each.module}.py:{each.line}: {each.before} -> {each.after}: {why}")
    return int(any(not each.same for each in missed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
