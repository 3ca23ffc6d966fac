using System.Numerics;

namespace IlZo.Ptx.Instructions;

/// <summary>
/// Integer arithmetic and logic. Everything is modulo the size of the type; shifts by more than the size shift everything out.
/// </summary>
internal static class IntegerInstructions
{
    public static void AddTo(Dictionary<string, Func<Operands, Step>> set)
    {
        Arithmetic<short>(set, PtxType.S16);
        Arithmetic<ushort>(set, PtxType.U16);
        Arithmetic<int>(set, PtxType.S32);
        Arithmetic<uint>(set, PtxType.U32);
        Arithmetic<long>(set, PtxType.S64);
        Arithmetic<ulong>(set, PtxType.U64);
        Logic<ushort>(set, PtxType.B16);
        Logic<uint>(set, PtxType.B32);
        Logic<ulong>(set, PtxType.B64);
        Wide<short, int>(set, PtxType.S16, PtxType.S32);
        Wide<ushort, uint>(set, PtxType.U16, PtxType.U32);
        Wide<int, long>(set, PtxType.S32, PtxType.S64);
        Wide<uint, ulong>(set, PtxType.U32, PtxType.U64);
        set.Binary<int, int, int>("mul.hi.s32", PtxType.S32, PtxType.S32, PtxType.S32, (a, b) => (int)(((long)a * b) >> 32));
        set.Binary<uint, uint, uint>("mul.hi.u32", PtxType.U32, PtxType.U32, PtxType.U32, (a, b) => (uint)(((ulong)a * b) >> 32));
        set.Binary<long, long, long>("mul.hi.s64", PtxType.S64, PtxType.S64, PtxType.S64, (a, b) => (long)(((Int128)a * b) >> 64));
        set.Binary<ulong, ulong, ulong>("mul.hi.u64", PtxType.U64, PtxType.U64, PtxType.U64, (a, b) => Math.BigMul(a, b, out _));
        set.Add("lop3.b32", o =>
        {
            o.Require(5);
            int table = o.Constant(4);
            return new Ternary<uint, uint, uint, uint>(
                o.Destination(0, PtxType.B32), o.Source(1, PtxType.B32), o.Source(2, PtxType.B32), o.Source(3, PtxType.B32),
                (a, b, c) => Look(table, a, b, c));
        });
        set.Ternary<uint, uint, uint, uint>("prmt.b32", PtxType.B32, PtxType.B32, PtxType.B32, PtxType.B32, Permute);
    }

    private static void Arithmetic<T>(Dictionary<string, Func<Operands, Step>> set, PtxType type)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        string name = type.Name();
        set.Binary<T, T, T>($"add{name}", type, type, type, (a, b) => unchecked(a + b));
        set.Binary<T, T, T>($"sub{name}", type, type, type, (a, b) => unchecked(a - b));
        set.Binary<T, T, T>($"mul.lo{name}", type, type, type, (a, b) => unchecked(a * b));
        set.Ternary<T, T, T, T>($"mad.lo{name}", type, type, type, type, (a, b, c) => unchecked((a * b) + c));
        set.Binary<T, T, T>($"div{name}", type, type, type, Quotient);
        set.Binary<T, T, T>($"rem{name}", type, type, type, (a, b) => unchecked(a - (Quotient(a, b) * b)));
        set.Binary<T, T, T>($"min{name}", type, type, type, T.Min);
        set.Binary<T, T, T>($"max{name}", type, type, type, T.Max);
        set.Binary<T, uint, T>($"shr{name}", type, PtxType.U32, type, ShiftRight);
        if (type.IsSigned())
        {
            set.Unary<T, T>($"neg{name}", type, type, a => unchecked(-a));
            set.Unary<T, T>($"abs{name}", type, type, a => a < T.Zero ? unchecked(-a) : a);
        }
    }

    private static void Logic<T>(Dictionary<string, Func<Operands, Step>> set, PtxType type)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        string name = type.Name();
        int size = 8 * type.Bytes();
        set.Binary<T, T, T>($"and{name}", type, type, type, (a, b) => a & b);
        set.Binary<T, T, T>($"or{name}", type, type, type, (a, b) => a | b);
        set.Binary<T, T, T>($"xor{name}", type, type, type, (a, b) => a ^ b);
        set.Unary<T, T>($"not{name}", type, type, a => ~a);
        set.Binary<T, uint, T>($"shl{name}", type, PtxType.U32, type, (a, b) => b >= size ? T.Zero : a << (int)b);
        set.Binary<T, uint, T>($"shr{name}", type, PtxType.U32, type, ShiftRight);
    }

    private static void Wide<T, TWide>(Dictionary<string, Func<Operands, Step>> set, PtxType type, PtxType wide)
        where T : unmanaged, IBinaryInteger<T>
        where TWide : unmanaged, IBinaryInteger<TWide>
    {
        string name = type.Name();
        set.Binary<T, T, TWide>($"mul.wide{name}", type, type, wide, (a, b) => TWide.CreateTruncating(a) * TWide.CreateTruncating(b));
        set.Ternary<T, T, TWide, TWide>(
            $"mad.wide{name}", type, type, wide, wide, (a, b, c) => unchecked((TWide.CreateTruncating(a) * TWide.CreateTruncating(b)) + c));
    }

    // By zero the result is not specified; the smallest number divided by −1 is itself.
    private static T Quotient<T>(T a, T b)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (b == T.Zero)
        {
            throw new PtxException("A division by zero has no specified result.");
        }

        return T.IsNegative(b) && b + T.One == T.Zero ? unchecked(T.Zero - a) : a / b;
    }

    private static T ShiftRight<T>(T a, uint b)
        where T : unmanaged, IBinaryInteger<T>
    {
        int size = a.GetByteCount() * 8;
        return b < size ? a >> (int)b : T.IsNegative(a) ? ~T.Zero : T.Zero;
    }

    // Bit by bit: the bits of a, b and c, that of a the highest, are the place in a table of eight bits.
    private static uint Look(int table, uint a, uint b, uint c)
    {
        uint result = 0;
        for (int i = 0; i < 32; i++)
        {
            uint place = (((a >> i) & 1) << 2) | (((b >> i) & 1) << 1) | ((c >> i) & 1);
            result |= (uint)((table >> (int)place) & 1) << i;
        }

        return result;
    }

    // Bytes of b:a, chosen by the low three bits of each nibble of c; the fourth bit fills with the byte's sign.
    private static uint Permute(uint a, uint b, uint c)
    {
        ulong bytes = ((ulong)b << 32) | a;
        uint result = 0;
        for (int i = 0; i < 4; i++)
        {
            uint selector = c >> (4 * i);
            uint value = (uint)(bytes >> (int)(8 * (selector & 7))) & 0xFF;
            value = (selector & 8) == 0 ? value : (value & 0x80) == 0 ? 0 : 0xFFu;
            result |= value << (8 * i);
        }

        return result;
    }
}
