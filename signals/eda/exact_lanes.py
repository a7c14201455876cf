"""Arrays (..., 8) in, eight numbers at a time out: a numba type that the compiler keeps in a vector register.

Numba's loops over eight lanes reach memory between any two operations; here ``a + b * c`` of eight rows is one machine
instruction. A product that is only added is rounded once where the processor can (contraction, the same for every
lane); otherwise the arithmetic is IEEE's, and no lane sees another.
"""

import operator
from collections.abc import Callable
from typing import Any, Final, cast

from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.extending import intrinsic, models, overload, register_model

from signals.types import Array

Eight = Any  # a number of each of eight rows, while compiled
Part = Any  # of numba's compiler: a type, a value, a builder; it has no static types

LANES: Final = 8
_VECTOR: Final = ir.VectorType(ir.DoubleType(), LANES)
_ALIGN: Final = 8  # NumPy promises no more


class Lanes(types.Type):
    """Eight float64, one a row."""

    def __init__(self) -> None:
        super().__init__(name="Lanes")


lanes: Final = Lanes()


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Part, kind: Part) -> None:
        super().__init__(manager, kind, _VECTOR)  # type: ignore[no-untyped-call]


def _place(context: Part, builder: Part, array_type: Part, array: Part, at: Part) -> Part:
    data = context.make_array(array_type)(context, builder, array).data
    first = builder.gep(data, [builder.mul(at, ir.Constant(at.type, LANES))])
    return builder.bitcast(first, _VECTOR.as_pointer())


def _load(typing: Part, array: Part, at: Part) -> Part:
    def build(context: Part, builder: Part, signature: Part, arguments: Part) -> Part:
        return builder.load(_place(context, builder, signature.args[0], *arguments), align=_ALIGN)

    return lanes(array, types.intp), build


def _store(typing: Part, array: Part, at: Part, value: Part) -> Part:
    def build(context: Part, builder: Part, signature: Part, arguments: Part) -> Part:
        where = _place(context, builder, signature.args[0], *arguments[:2])
        builder.store(arguments[2], where, align=_ALIGN)
        return context.get_dummy_value()

    return types.void(array, types.intp, value), build


def _each(typing: Part, x: Part) -> Part:
    def build(context: Part, builder: Part, signature: Part, arguments: Part) -> Part:
        undefined = ir.Constant(_VECTOR, ir.Undefined)
        first = builder.insert_element(undefined, arguments[0], ir.IntType(32)(0))
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return builder.shuffle_vector(first, undefined, everywhere)

    return lanes(types.float64), build


def _pick(typing: Part, a: Part, b: Part, yes: Part, no: Part) -> Part:
    def build(context: Part, builder: Part, signature: Part, arguments: Part) -> Part:
        first, second, chosen, other = arguments
        return builder.select(builder.fcmp_ordered(">", first, second), chosen, other)

    return lanes(lanes, lanes, lanes, lanes), build


# load(array, at): the at-th eight of a row-major float64 array whose last axis is 8; bounds are not checked
load = cast("Callable[[Array, int], Eight]", intrinsic(_load))
# store(array, at, value): write it there
store = cast("Callable[[Array, int, Eight], None]", intrinsic(_store))
# each(x): the number x in every lane
each = cast("Callable[[float], Eight]", intrinsic(_each))
# pick(a, b, yes, no): yes in the lanes where a > b, no elsewhere, also where either is NaN
pick = cast("Callable[[Eight, Eight, Eight, Eight], Eight]", intrinsic(_pick))


def _operation(name: str) -> Part:
    def operation(typing: Part, a: Part, b: Part) -> Part:
        def build(context: Part, builder: Part, signature: Part, arguments: Part) -> Part:
            return getattr(builder, name)(*arguments, flags=("contract",))

        return lanes(lanes, lanes), build

    return intrinsic(operation)


def _overloaded(symbol: Part, operation: Part) -> None:
    def both(a: Part, b: Part) -> Part:
        return operation(a, b)

    def number_right(a: Part, b: Part) -> Part:
        return operation(a, each(b))

    def number_left(a: Part, b: Part) -> Part:
        return operation(each(a), b)

    @overload(symbol)
    def _(a: Part, b: Part) -> Part:
        if a is lanes and b is lanes:
            return both
        if a is lanes and isinstance(b, types.Float):
            return number_right
        if b is lanes and isinstance(a, types.Float):
            return number_left
        return None


_overloaded(operator.add, _operation("fadd"))
_overloaded(operator.sub, _operation("fsub"))
_overloaded(operator.mul, _operation("fmul"))
_overloaded(operator.truediv, _operation("fdiv"))


@njit(cache=True, nogil=True)
def largest(a: Eight, b: Eight) -> Eight:
    """Return the larger of ``a`` and ``b`` in each lane; ``b`` where either is NaN."""
    return pick(a, b, a, b)
