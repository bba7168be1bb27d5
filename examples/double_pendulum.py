#!/usr/bin/env python3
#===- double_pendulum.py - A series to learn -------------------------------===#
#
# Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""double_pendulum.py [SWINGS [STEPS [SEED]]]: prints double pendulums as a table.

Each swing begins at rest, at random angles, and is a sequence of its own. Of
each hundredth of a second the table has where the two bobs are, and nothing of
how fast they move: who is to say where they will be must remember. Two rods of
1 m, two bobs of 1 kg; fourth-order Runge-Kutta with steps of 1 ms.

    examples/double_pendulum.py > swings.csv
    minrnn train regression --data swings.csv --sequence swing --target x2,y2 --horizon 20
"""

import math
import random
import sys

GRAVITY = 9.81


def slopes(state):
    a, b, va, vb = state
    d = a - b
    divisor = 2 - math.cos(d) ** 2
    ga, gb = GRAVITY * math.sin(a), GRAVITY * math.sin(b)
    wa = (
        -2 * ga + gb * math.cos(d) - math.sin(d) * (vb * vb + va * va * math.cos(d))
    ) / divisor
    wb = (
        2 * (ga * math.cos(d) - gb)
        + math.sin(d) * (2 * va * va + vb * vb * math.cos(d))
    ) / divisor
    return va, vb, wa, wb


def step(state, dt):
    def moved(slope, by):
        return [x + by * s for x, s in zip(state, slope)]

    k1 = slopes(state)
    k2 = slopes(moved(k1, dt / 2))
    k3 = slopes(moved(k2, dt / 2))
    k4 = slopes(moved(k3, dt))
    mean = [(p + 2 * q + 2 * r + s) / 6 for p, q, r, s in zip(k1, k2, k3, k4)]
    return moved(mean, dt)


def main():
    swings, steps, seed = (
        int(given) if given else default
        for given, default in zip((sys.argv[1:] + [""] * 3)[:3], (100, 500, 1))
    )
    draw = random.Random(seed)
    print("swing,x1,y1,x2,y2")
    for swing in range(swings):
        state = [draw.uniform(-2, 2), draw.uniform(-2, 2), 0.0, 0.0]
        for _ in range(steps):
            a, b = state[:2]
            x, y = math.sin(a), -math.cos(a)
            print(
                f"{swing},{x:.5f},{y:.5f},{x + math.sin(b):.5f},{y - math.cos(b):.5f}"
            )
            for _ in range(10):
                state = step(state, 1e-3)


if __name__ == "__main__":
    main()
