namespace IlZo.Ptx.Instructions;

/// <summary>Conversions. Those that sm_80 has not, such as cvt.f32.bf16, are not in the table.</summary>
internal static class ConversionInstructions
{
    private static readonly PtxType[] s_integers =
        [PtxType.U8, PtxType.S8, PtxType.U16, PtxType.S16, PtxType.U32, PtxType.S32, PtxType.U64, PtxType.S64];

    private static readonly (string Name, Func<double, double> Round)[] s_roundings =
    [
        ("rni", v => Math.Round(v, MidpointRounding.ToEven)),
        ("rzi", Math.Truncate),
        ("rmi", Math.Floor),
        ("rpi", Math.Ceiling),
    ];

    public static void AddTo(Dictionary<string, Func<Operands, Step>> set)
    {
        foreach (var from in s_integers)
        {
            var source = new Extension(from);
            foreach (var to in s_integers)
            {
                set.Add($"cvt{to.Name()}{from.Name()}", o =>
                {
                    var (row, register) = Operands(o, to);
                    var target = new Widening(to, register);
                    return new Unary<ulong, ulong>(row, o.WideSource(1, from), bits => target.Of(source.Of(bits)));
                });
            }

            AddFloat<float>(set, from, PtxType.F32, from == PtxType.U64 ? bits => bits : bits => (long)source.Of(bits));
            AddFloat<double>(set, from, PtxType.F64, from == PtxType.U64 ? bits => bits : bits => (long)source.Of(bits));
            AddRounded<float>(set, from, PtxType.F32, v => v);
            AddRounded<double>(set, from, PtxType.F64, v => v);
        }

        set.Unary<float, double>("cvt.f64.f32", PtxType.F32, PtxType.F64, a => a);
        set.Unary<double, float>("cvt.rn.f32.f64", PtxType.F64, PtxType.F32, a => (float)a);
        set.Unary<ushort, float>("cvt.f32.f16", PtxType.F16, PtxType.F32, a => Bits.OfHalf(a));
        set.Unary<float, ushort>("cvt.rn.f16.f32", PtxType.F32, PtxType.F16, a => (ushort)Bits.ToHalf(a));
        set.Unary<float, ushort>("cvt.rz.f16.f32", PtxType.F32, PtxType.F16, a => (ushort)Bits.ToHalfTowardZero(a));
        set.Unary<float, ushort>("cvt.rn.bf16.f32", PtxType.F32, PtxType.BF16, a => (ushort)Bits.ToBFloat16(a));
        set.Binary<float, float, uint>(
            "cvt.rn.f16x2.f32", PtxType.F32, PtxType.F32, PtxType.F16x2, (high, low) => (Bits.ToHalf(high) << 16) | Bits.ToHalf(low));
        set.Binary<float, float, uint>(
            "cvt.rn.bf16x2.f32", PtxType.F32, PtxType.F32, PtxType.BF16x2,
            (high, low) => (Bits.ToBFloat16(high) << 16) | Bits.ToBFloat16(low));
        AddAddress(set, "cvta.global", (_, a) => a);
        AddAddress(set, "cvta.to.global", (_, a) => a);
        AddAddress(set, "cvta.shared", (memory, a) => memory.ToGeneric(a));
        AddAddress(set, "cvta.to.shared", (memory, a) => memory.ToShared(a));
    }

    private static void AddFloat<T>(Dictionary<string, Func<Operands, Step>> set, PtxType from, PtxType to, Func<ulong, T> convert)
        where T : unmanaged => set.Add($"cvt.rn{to.Name()}{from.Name()}", o =>
    {
        var (row, _) = Operands(o, to);
        return new Unary<ulong, T>(row, o.WideSource(1, from), convert);
    });

    private static void AddRounded<T>(Dictionary<string, Func<Operands, Step>> set, PtxType to, PtxType from, Func<T, double> exact)
        where T : unmanaged
    {
        foreach (var (name, round) in s_roundings)
        {
            set.Add($"cvt.{name}{to.Name()}{from.Name()}", o =>
            {
                var (row, register) = Operands(o, to);
                var target = new Widening(to, register);
                return new Unary<T, ulong>(row, o.Source(1, from), value => target.Of(Clamp(round(exact(value)), to)));
            });
        }
    }

    private static (int Row, PtxType Register) Operands(Operands o, PtxType to)
    {
        o.Require(2);
        return o.WideDestination(0, to);
    }

    private static void AddAddress(Dictionary<string, Func<Operands, Step>> set, string opcode, Func<PtxMemory, ulong, ulong> convert) =>
        set.Add($"{opcode}.u64", o =>
        {
            o.Require(2);
            return new AddressStep(o.Destination(0, PtxType.U64), o.Source(1, PtxType.U64), convert);
        });

    // NaN becomes 0, what is too large the nearest number.
    private static ulong Clamp(double value, PtxType type)
    {
        int bits = 8 * type.Bytes();
        double smallest = type.IsSigned() ? -Math.ScaleB(1, bits - 1) : 0;
        double end = Math.ScaleB(1, type.IsSigned() ? bits - 1 : bits);
        ulong largest = ulong.MaxValue >> (64 - bits + (type.IsSigned() ? 1 : 0));
        return double.IsNaN(value)
            ? 0
            : value >= end ? largest : value <= smallest ? (ulong)(long)smallest : value < 0 ? (ulong)(long)value : (ulong)value;
    }

    private sealed class AddressStep(int d, int a, Func<PtxMemory, ulong, ulong> convert) : Step
    {
        public override void Execute(PtxWarp warp, uint lanes)
        {
            foreach (int lane in new Lanes(lanes))
            {
                warp[d, lane] = convert(warp.Memory, warp[a, lane]);
            }
        }
    }
}
