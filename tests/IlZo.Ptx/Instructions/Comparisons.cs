using System.Numerics;

namespace IlZo.Ptx.Instructions;

/// <summary>setp: with NaN the comparisons of floating-point numbers are false, those that end in u are true.</summary>
internal static class Comparisons
{
    public static void AddTo(Dictionary<string, Func<Operands, Step>> set)
    {
        Ordered<short>(set, PtxType.S16);
        Ordered<int>(set, PtxType.S32);
        Ordered<long>(set, PtxType.S64);
        Ordered<ushort>(set, PtxType.U16);
        Ordered<uint>(set, PtxType.U32);
        Ordered<ulong>(set, PtxType.U64);
        Ordered<float>(set, PtxType.F32);
        Ordered<double>(set, PtxType.F64);
        Equality<ushort>(set, PtxType.B16);
        Equality<uint>(set, PtxType.B32);
        Equality<ulong>(set, PtxType.B64);
        Unsigned<ushort>(set, PtxType.U16);
        Unsigned<uint>(set, PtxType.U32);
        Unsigned<ulong>(set, PtxType.U64);
        Unordered<float>(set, PtxType.F32);
        Unordered<double>(set, PtxType.F64);
    }

    private static void Ordered<T>(Dictionary<string, Func<Operands, Step>> set, PtxType type)
        where T : unmanaged, INumber<T>
    {
        Add<T>(set, "lt", type, (a, b) => a < b);
        Add<T>(set, "le", type, (a, b) => a <= b);
        Add<T>(set, "gt", type, (a, b) => a > b);
        Add<T>(set, "ge", type, (a, b) => a >= b);
        Equality<T>(set, type);
    }

    private static void Equality<T>(Dictionary<string, Func<Operands, Step>> set, PtxType type)
        where T : unmanaged, INumber<T>
    {
        Add<T>(set, "eq", type, (a, b) => a == b);
        Add<T>(set, "ne", type, (a, b) => a < b || a > b);
    }

    private static void Unsigned<T>(Dictionary<string, Func<Operands, Step>> set, PtxType type)
        where T : unmanaged, INumber<T>
    {
        Add<T>(set, "lo", type, (a, b) => a < b);
        Add<T>(set, "ls", type, (a, b) => a <= b);
        Add<T>(set, "hi", type, (a, b) => a > b);
        Add<T>(set, "hs", type, (a, b) => a >= b);
    }

    private static void Unordered<T>(Dictionary<string, Func<Operands, Step>> set, PtxType type)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Add<T>(set, "ltu", type, (a, b) => !(a >= b));
        Add<T>(set, "leu", type, (a, b) => !(a > b));
        Add<T>(set, "gtu", type, (a, b) => !(a <= b));
        Add<T>(set, "geu", type, (a, b) => !(a < b));
        Add<T>(set, "equ", type, (a, b) => !(a < b || a > b));
        Add<T>(set, "neu", type, (a, b) => !(a == b));
        Add<T>(set, "nan", type, (a, b) => T.IsNaN(a) || T.IsNaN(b));
        Add<T>(set, "num", type, (a, b) => !T.IsNaN(a) && !T.IsNaN(b));
    }

    private static void Add<T>(Dictionary<string, Func<Operands, Step>> set, string name, PtxType type, Func<T, T, bool> compare)
        where T : unmanaged =>
            set.Binary<T, T, ulong>($"setp.{name}{type.Name()}", type, type, PtxType.Pred, (a, b) => compare(a, b) ? 1ul : 0);
}
