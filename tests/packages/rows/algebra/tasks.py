"""SymPy: algebra, a compiled function, and a parsed expression."""

import sympy
from sympy.parsing.sympy_parser import parse_expr

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("sympy")


@dag.task
def work() -> list:
    x = sympy.symbols("x")
    derived = sympy.diff(sympy.sin(x) * x**2, x)
    function = sympy.lambdify(x, x**2 + 1, "math")
    return [
        str(derived),
        [str(root) for root in sympy.solve(x**2 - 2, x)],
        str(sympy.integrate(parse_expr("1/(x**2 + 1)"), x)),
        function(3),
        sympy.latex(derived),
        str(sympy.dsolve(sympy.Function("f")(x).diff(x) - 1)),
    ]
