using System.Numerics;

namespace IlZo.Ptx.Instructions;

/// <summary>
/// Arithmetic in fp32 and fp64. Approximate instructions (ex2, lg2, sin, cos, tanh, rcp, rsqrt, sqrt) are computed by MathF, which is
/// nearer to the exact result than a GPU is: what depends on their last bits is not tested.
/// </summary>
internal static class FloatInstructions
{
    public static void AddTo(Dictionary<string, Func<Operands, Step>> set)
    {
        Arithmetic<float>(set, PtxType.F32);
        Arithmetic<double>(set, PtxType.F64);
        Approximate(set, "rcp", a => 1 / a);
        Approximate(set, "sqrt", MathF.Sqrt);
        Approximate(set, "rsqrt", a => 1 / MathF.Sqrt(a));
        Approximate(set, "ex2", float.Exp2);
        Approximate(set, "lg2", MathF.Log2);
        Approximate(set, "sin", MathF.Sin);
        Approximate(set, "cos", MathF.Cos);
        Approximate(set, "tanh", MathF.Tanh);
        set.Binary<float, float, float>("div.full.f32", PtxType.F32, PtxType.F32, PtxType.F32, (a, b) => a / b);
        set.Binary<float, float, float>("div.approx.f32", PtxType.F32, PtxType.F32, PtxType.F32, (a, b) => a / b);
    }

    private static void Arithmetic<T>(Dictionary<string, Func<Operands, Step>> set, PtxType type)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string name = type.Name();
        foreach (string rounding in (string[])[string.Empty, ".rn"])
        {
            set.Binary<T, T, T>($"add{rounding}{name}", type, type, type, (a, b) => a + b);
            set.Binary<T, T, T>($"sub{rounding}{name}", type, type, type, (a, b) => a - b);
            set.Binary<T, T, T>($"mul{rounding}{name}", type, type, type, (a, b) => a * b);
        }

        // Of a number and of what is none the number is the smaller and the larger one.
        set.Binary<T, T, T>($"min{name}", type, type, type, T.MinNumber);
        set.Binary<T, T, T>($"max{name}", type, type, type, T.MaxNumber);
        set.Binary<T, T, T>($"div.rn{name}", type, type, type, (a, b) => a / b);
        set.Unary<T, T>($"neg{name}", type, type, a => -a);
        set.Unary<T, T>($"abs{name}", type, type, T.Abs);
        set.Unary<T, T>($"rcp.rn{name}", type, type, a => T.One / a);
        set.Unary<T, T>($"sqrt.rn{name}", type, type, T.Sqrt);
        set.Ternary<T, T, T, T>($"fma.rn{name}", type, type, type, type, (a, b, c) => T.FusedMultiplyAdd(a, b, c));
    }

    private static void Approximate(Dictionary<string, Func<Operands, Step>> set, string opcode, Func<float, float> function) =>
        set.Unary($"{opcode}.approx.f32", PtxType.F32, PtxType.F32, function);
}
