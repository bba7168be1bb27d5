# Writes specs/dialect.md from what mlir-tblgen says of the .td files:
#
#   cmake -DGENERATED=MinRNNDialect.md -DOUTPUT=dialect.md -P WriteDialectDocument.cmake
#
# mlir-tblgen writes for a site generator and for C++; people read this file as
# it stands.

file(READ ${GENERATED} text)
# A semicolon would split what CMake takes for a list.
string(REPLACE ";" "<semicolon>" text "${text}")

# Of the generated beginning only the title is not said better below.
string(FIND "${text}" "## Operations" start)
string(SUBSTRING "${text}" ${start} -1 text)
string(REGEX REPLACE " \\(::minrnn::dialect::[A-Za-z0-9_]+\\)" "" text "${text}")
string(REGEX REPLACE "\nEffects: [^\n]*\n" "" text "${text}")
string(REGEX REPLACE "::(minrnn::dialect|mlir)::" "" text "${text}")
string(REGEX REPLACE "\n\n\n+" "\n\n" text "${text}")
string(REGEX REPLACE "\n+$" "\n" text "${text}")

set(heading [[
<!-- Generated from dialect/*.td by the target minrnn_dialect_doc; edit those. -->

# The minrnn dialect

How a gated recurrent cell is written, and what the compiler turns it into: the
reference of every operation, type and attribute. Each rule has a label (C1, P1,
...); the compiler's error for it names what it expected and what it found.

**Cells** are what you write. `minrnn.cell` holds the equations of one channel
at one time step, in scalars: `minrnn.project` reads the input, `minrnn.yield`
hands on the next state, and between them stand the operations that are
`Elementwise` below, such as `minrnn.sigmoid`, and
these operations of MLIR's `arith` and `math`:
`constant`, `addf`, `subf`, `mulf`, `divf`, `negf`, `maximumf`, `minimumf`,
`cmpf`, `select`; `exp`, `expm1`, `log`, `tanh`, `sqrt`, `absf`. Where the step
is affine in the state the compiler writes it as `minrnn.affine`, with the proof.
[specs/cells](cells) holds cells as users read them.
The text is UTF-8 (a byte order mark is skipped) and nests at most 128 levels of
brackets, operators of an affine expression and aliases; a cell needs about five.

**Sequences** are what the compiler makes of a cell: functions over tensors
whose axes are `[batch, time, gate, channel]` or a part of these in this order,
with `minrnn.scan`, `minrnn.sequential_scan` and `minrnn.delay`. `minrnnc --emit=cell` and
`--emit=scan` print the two.

**Programs** say what a caller of the cell runs. `minrnn.program` stands beside
these functions: the tensors of a layer (`minrnn.tensor`), and for each of
`forward`, `backward` and `step` a `minrnn.procedure`, a list of operations on
them in order. `minrnn.launch` launches a function by its name;
`minrnn.product`, `minrnn.sum`, `minrnn.fill` and `minrnn.copy` are what happens
between launches; `minrnn.for_time` repeats its body at each step;
`minrnn.view` names a part of a tensor. A program goes into the manifest as it
is: [abi.md](abi.md) lists its tensors and says how it is executed.

**Limits**, which `minrnnc` tells a cell that is beyond them:

| what | at most | why |
|---|---|---|
| operations | 2,048 | the analyses recur over the equations, on the stack |
| gates and parameters, each name once | 64 | each is a value of the kernel's, read and kept at once |
| states of a parallel cell, on a GPU | 12 | the warps of a block exchange them through 48 KiB of shared memory |
| the same with `--recompute=all` | 6 | they exchange the recomputed states, too |
| states of a parallel cell, on the host with `--recompute=all` | 64 | a tile of them lies on the stack |

The host takes any number of states without `--recompute=all`, and so does a
sequential cell. A cell near these limits compiles in seconds, and its kernels
are right but slow: beyond about a thousand operations (forward, backward and
step together) gate math is called instead of expanded, and on a GPU a tile of
time is shorter than 64 steps. The manifest says how long.

A number is a decimal that f32 holds: one that would become infinity
(`1.0e39`), or zero without being zero (`1.0e-46`), is refused. Infinity is
written by its bits, `0x7F800000`.

]])
string(REPLACE ";" "<semicolon>" heading "${heading}")
set(text "${heading}${text}")
string(REPLACE "<semicolon>" ";" text "${text}")
file(WRITE ${OUTPUT} "${text}")
