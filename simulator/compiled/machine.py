"""What kernels are made with: the compiler, and three instructions that Python has no word for."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

from simulator.compiled.layout import Words

Numbers = npt.NDArray[np.int32]
Whole = int | np.int64
F = TypeVar("F", bound=Callable[..., Any])
Built = Any  # an object of numba or of LLVM, which declare no types

NUMBA: Built = cast("Any", numba)
WORD: Built = NUMBA.types.uint64
IR: Built = NUMBA.core.cgutils.ir  # LLVM's, which comes with numba
BIT, BYTE, INT, LONG = (IR.IntType(bits) for bits in (1, 8, 32, 64))
EIGHT = IR.VectorType(LONG, 8)


def compiled(function: F) -> F:
    """Return *function* compiled; it may be called from Python."""
    # Nothing is allocated in here, so no references are counted: that would take most of the time.
    return cast("F", NUMBA.njit(cache=True, nogil=True, _nrt=False)(function))


def inlined(function: F) -> F:
    """Return *function* to be compiled into those that call it, where constants are known."""
    options = {"cache": True, "nogil": True, "_nrt": False, "forceinline": True}
    return cast("F", NUMBA.njit(**options)(function))


def _line(context: Built, builder: Built, kind: Built, args: Built) -> Built:
    """Return the address of a line of an array: of one entry of it where it has one dimension."""
    view = context.make_array(kind)(context, builder, args[0])
    size = builder.extract_value(view.strides, 0)
    place = builder.add(builder.ptrtoint(view.data, LONG), builder.mul(args[1], size))
    return builder.inttoptr(place, BYTE.as_pointer())


def _leading_zeros(_typing: Built, _value: Built) -> Built:
    def write(_context: Built, builder: Built, _sign: Built, args: Built) -> Built:
        return builder.ctlz(args[0], BIT(0))

    return WORD(WORD), write


def _prefetch(_typing: Built, array: Built, _line_number: Built) -> Built:
    def write(context: Built, builder: Built, sign: Built, args: Built) -> Built:
        place = _line(context, builder, sign.args[0], args)
        kind = IR.FunctionType(IR.VoidType(), [place.type, INT, INT, INT])
        fetch = builder.module.declare_intrinsic("llvm.prefetch", [place.type], kind)
        builder.call(fetch, [place, INT(0), INT(3), INT(1)])  # to read, to keep, data
        return context.get_dummy_value()

    return NUMBA.types.void(array, WORD), write


def _equal(_typing: Built, table: Built, _line_number: Built, _value: Built) -> Built:
    def write(context: Built, builder: Built, sign: Built, args: Built) -> Built:
        place = builder.bitcast(_line(context, builder, sign.args[0], args), EIGHT.as_pointer())
        one = builder.insert_element(IR.Constant(EIGHT, IR.Undefined), args[2], INT(0))
        every = builder.shuffle_vector(one, one, IR.Constant(IR.VectorType(INT, 8), [0] * 8))
        bits = builder.icmp_unsigned("==", builder.load(place, align=8), every)
        return builder.zext(builder.bitcast(bits, BYTE), LONG)

    return WORD(table, WORD, WORD), write


_instruction = NUMBA.extending.intrinsic
# How many upper bits of a word are zero.
leading_zeros: Callable[[np.uint64], np.uint64] = _instruction(_leading_zeros)
# Have the memory fetch a line of an array, or an entry of one dimension, while other work is done.
prefetch: Callable[[Any, np.uint64], None] = _instruction(_prefetch)
# A bit for each of the eight entries of a line of a table: whether it is a value.
equal: Callable[[Words, np.uint64, np.uint64], np.uint64] = _instruction(_equal)
