"""SciPy: one job for each of its large packages, and a data file of its own."""

import numpy as np
from scipy import fft, integrate, interpolate, linalg, ndimage, optimize, signal, sparse, spatial, special, stats

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("scipy")


@dag.task
def work() -> list:
    root = optimize.minimize(lambda v: (v[0] - 2) ** 2, [0.0]).x[0]
    area = integrate.quad(np.sin, 0, np.pi)[0]
    line = interpolate.CubicSpline([0, 1, 2], [0, 1, 4])(1.5)
    tree = spatial.KDTree([[0, 0], [1, 1], [5, 5]]).query([0.9, 0.9])[1]
    eigen = sparse.linalg.eigsh(sparse.diags([1.0, 2.0, 3.0, 4.0]), k=1, which="LM")[0][0]
    solved = integrate.solve_ivp(lambda _, y: -y, (0, 1), [1.0], rtol=1e-8).y[0, -1]
    numbers = [root, area, line, eigen, solved, linalg.det([[1, 2], [3, 4]]), special.gamma(5), stats.norm.cdf(1.96)]
    return [
        [round(float(number), 3) for number in numbers],
        int(tree),
        fft.rfft([1, 2, 3, 4]).real.round(3).tolist(),
        ndimage.label([[1, 0], [0, 1]])[1],
        signal.find_peaks([0, 1, 0, 2, 0])[0].tolist(),
        round(float(stats.ttest_ind([1, 2, 3], [2, 3, 4]).pvalue), 3),
    ]
