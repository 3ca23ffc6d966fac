namespace IlZo.Ptx;

/// <summary>The types of registers and instructions, by their PTX names: bits, unsigned and signed integers, floating point.</summary>
public enum PtxType
{
    Pred,
    B8,
    B16,
    B32,
    B64,
    U8,
    U16,
    U32,
    U64,
    S8,
    S16,
    S32,
    S64,
    F16,
    F16x2,
    BF16,
    BF16x2,
    F32,
    F64,
}

/// <summary>What follows from a type.</summary>
internal static class PtxTypes
{
    private static readonly Dictionary<string, PtxType> s_names =
        Enum.GetValues<PtxType>().ToDictionary(t => "." + t.ToString().ToLowerInvariant(), t => t);

    private enum Family
    {
        Bits,
        Integer,
        Floating,
        Predicate,
    }

    public static int Bytes(this PtxType type) => type switch
    {
        PtxType.Pred or PtxType.B8 or PtxType.U8 or PtxType.S8 => 1,
        PtxType.B16 or PtxType.U16 or PtxType.S16 or PtxType.F16 or PtxType.BF16 => 2,
        PtxType.B64 or PtxType.U64 or PtxType.S64 or PtxType.F64 => 8,
        _ => 4,
    };

    public static bool IsSigned(this PtxType type) => type is PtxType.S8 or PtxType.S16 or PtxType.S32 or PtxType.S64;

    public static string Name(this PtxType type) => "." + type.ToString().ToLowerInvariant();

    /// <summary>Finds a type by its name with the point.</summary>
    public static bool TryParse(string name, out PtxType type) => s_names.TryGetValue(name, out type);

    /// <summary>
    /// Whether an operand of an instruction may be a register of another type: the same size, and integers are not floating point.
    /// </summary>
    public static bool Takes(this PtxType operand, PtxType register) =>
        operand.Bytes() == register.Bytes() && AreCompatible(operand.FamilyOf(), register.FamilyOf());

    /// <summary>The same for loads, stores and conversions, whose integer registers may be wider than the type.</summary>
    public static bool TakesWider(this PtxType operand, PtxType register) =>
        operand.Takes(register)
        || (operand.FamilyOf() is Family.Bits or Family.Integer && register.FamilyOf() is Family.Bits or Family.Integer
        && register.Bytes() > operand.Bytes());

    private static bool AreCompatible(Family operand, Family register) =>
        operand == register
        || (operand == Family.Bits && register != Family.Predicate)
        || (register == Family.Bits && operand != Family.Predicate);

    private static Family FamilyOf(this PtxType type) => type switch
    {
        PtxType.Pred => Family.Predicate,
        < PtxType.U8 => Family.Bits,
        < PtxType.F16 => Family.Integer,
        _ => Family.Floating,
    };
}
