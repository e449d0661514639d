"""Two-sided admissibility constants to 40 digits: `python constants.py > constants.txt`.

mpmath integrates |psihat|^2/|w| or, for the Haar-like pair, -4 times the autocorrelation and ln u over (0, 2), which
shares no formula with the closed form; 60 digits of working precision.
"""
import mpmath
from mpmath import cos, exp, inf, log, mpf, pi, quad, sin, sqrt

mpmath.mp.dps = 60
print(f"# C_psi, two-sided; mpmath {mpmath.__version__}")


def show(name, value):
    print(name, "=", mpmath.nstr(value, 40))


show("haar", 2 * log(2))
show("ricker", quad(lambda w: 4 * pi * w**3 * exp(-w * w), [0, 1, 2, 4, 8, 14]))
for k in (1, 2, 3, 5):
    W = 2 * k * pi
    pieces = [mpf(i) / (4 * k) for i in range(4 * k + 1)]
    near = quad(lambda u: ((1 - u) * cos(W * u) - u / 2 * sin(W * u)) * log(u), pieces)
    far = quad(lambda u: -(2 - u) / 2 * sin(W * u) * log(u), [1 + p for p in pieces])
    show(f"haar-like_(cycles_=_{k})", -4 * (near + far))


def morlet(w0):
    kappa = exp(-w0 * w0 / 2)
    f = lambda w: 2 * sqrt(pi) * (exp(-((w - w0) ** 2) / 2) - kappa * exp(-w * w / 2)) ** 2 / abs(w)
    return quad(f, [0, 1, 3, 5, 7, 10, 18]) + quad(f, [-14, -6, -3, -1, 0])


show("morlet_(omega0_=_5)", morlet(mpf(5)))
show("morlet_(omega0_=_6)", morlet(mpf(6)))
