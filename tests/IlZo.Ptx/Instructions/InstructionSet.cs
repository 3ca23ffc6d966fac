namespace IlZo.Ptx.Instructions;

/// <summary>The instructions that are known, by opcode and modifiers. What is not in a table is refused by name.</summary>
internal static class InstructionSet
{
    private static readonly Dictionary<string, Func<Operands, Step>> s_all = [];

    static InstructionSet()
    {
        IntegerInstructions.AddTo(s_all);
        FloatInstructions.AddTo(s_all);
        ConversionInstructions.AddTo(s_all);
        MoveInstructions.AddTo(s_all);
        MemoryInstructions.AddTo(s_all);
        AsyncCopyInstructions.AddTo(s_all);
        MatrixInstructions.AddTo(s_all);
        WarpgroupInstructions.AddTo(s_all);
        ShuffleInstructions.AddTo(s_all);
        ControlInstructions.AddTo(s_all);
    }

    /// <summary>The step that an instruction is.</summary>
    /// <exception cref="PtxException">It is not known, or its operands do not fit.</exception>
    public static Step Create(string opcode, Operands operands) => s_all.TryGetValue(opcode, out var create)
        ? create(operands)
        : throw new PtxException($"The instruction '{opcode}' is not known, in '{operands.Text}'.");

    public static void Unary<TA, TD>(
        this Dictionary<string, Func<Operands, Step>> set, string opcode, PtxType a, PtxType d, Func<TA, TD> function)
        where TA : unmanaged
        where TD : unmanaged => set.Add(opcode, o =>
    {
        o.Require(2);
        return new Unary<TA, TD>(o.Destination(0, d), o.Source(1, a), function);
    });

    public static void Binary<TA, TB, TD>(
        this Dictionary<string, Func<Operands, Step>> set, string opcode, PtxType a, PtxType b, PtxType d, Func<TA, TB, TD> function)
        where TA : unmanaged
        where TB : unmanaged
        where TD : unmanaged => set.Add(opcode, o =>
    {
        o.Require(3);
        return new Binary<TA, TB, TD>(o.Destination(0, d), o.Source(1, a), o.Source(2, b), function);
    });

    public static void Ternary<TA, TB, TC, TD>(
        this Dictionary<string, Func<Operands, Step>> set, string opcode, PtxType a, PtxType b, PtxType c, PtxType d,
        Func<TA, TB, TC, TD> function)
        where TA : unmanaged
        where TB : unmanaged
        where TC : unmanaged
        where TD : unmanaged => set.Add(opcode, o =>
    {
        o.Require(4);
        return new Ternary<TA, TB, TC, TD>(o.Destination(0, d), o.Source(1, a), o.Source(2, b), o.Source(3, c), function);
    });
}
