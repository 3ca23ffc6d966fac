using IlZo.Ptx.Syntax;

namespace IlZo.Ptx.Instructions;

/// <summary>An address in memory: a register and an offset.</summary>
/// <param name="Row">The register's row.</param>
/// <param name="Offset">Bytes from there.</param>
internal readonly record struct Address(int Row, long Offset)
{
    public ulong Of(PtxWarp warp, int lane) => warp[Row, lane] + (ulong)Offset;
}

/// <summary>The operands of an instruction as rows of the register file. Those that do not fit are errors.</summary>
internal sealed class Operands(Instruction instruction, PtxFrame frame, PtxScope scope)
{
    public int Count => instruction.Operands.Count;

    public string Text => instruction.Text;

    /// <summary>Checks how many operands there are.</summary>
    public void Require(int count)
    {
        if (Count != count)
        {
            throw Error($"{count} operands were expected, {Count} found");
        }
    }

    /// <summary>How many elements an operand has.</summary>
    public int Elements(int index) => instruction.Operands[index] is VectorOperand vector ? vector.Elements.Count : 1;

    public bool IsVector(int index) => instruction.Operands[index] is VectorOperand;

    public int Source(int index, PtxType type) => Source(instruction.Operands[index], type, mayBeWider: false).Row;

    public int Destination(int index, PtxType type) => Written(instruction.Operands[index], type, mayBeWider: false).Row;

    /// <summary>A source whose register may be wider than its type.</summary>
    public int WideSource(int index, PtxType type) => Source(instruction.Operands[index], type, mayBeWider: true).Row;

    /// <summary>A destination whose register may be wider than its type.</summary>
    public (int Row, PtxType Type) WideDestination(int index, PtxType type) => Written(instruction.Operands[index], type, mayBeWider: true);

    /// <summary>The sources in braces, or a single one without.</summary>
    public int[] Sources(int index, PtxType type, int count, bool mayBeWider = false) =>
        [.. Elements(index, count).Select(e => Source(e, type, mayBeWider).Row)];

    /// <summary>The destinations in braces, or a single one without.</summary>
    public (int Row, PtxType Type)[] Destinations(int index, PtxType type, int count, bool mayBeWider = false) =>
        [.. Elements(index, count).Select(e => Written(e, type, mayBeWider))];

    /// <summary>A number that is written in the text.</summary>
    public int Constant(int index) => instruction.Operands[index] is NumberOperand { Type: null } number
        ? (int)Fit(number, PtxType.B32)
        : throw Error("a number was expected");

    /// <summary>A source that must be a register.</summary>
    public int Register(int index, PtxType type) => Register(instruction.Operands[index], type, mayBeWider: false).Row;

    public int Guard(string name) => Register(new NameOperand(name), PtxType.Pred, mayBeWider: false).Row;

    /// <summary>An address in some space: a register, a variable of that space, or a number.</summary>
    public Address Address(int index, MemorySpace space)
    {
        if (instruction.Operands[index] is not AddressOperand address)
        {
            throw Error("an address in brackets was expected");
        }

        if (address.Base is null)
        {
            return new Address(frame.Constant(0), address.Offset);
        }

        return scope.Find(address.Base) switch
        {
            RegisterSymbol register when PtxType.U64.Takes(register.Type)
                || (space == MemorySpace.Shared && PtxType.U32.Takes(register.Type)) =>
                new Address(register.Row, address.Offset),
            AddressSymbol variable when variable.Space == space.Name() => new Address(frame.Constant(variable.Address), address.Offset),
            RegisterSymbol register =>
                throw Error($"'{address.Base}' is declared as {register.Type.Name()} where an address in {space.Name()} is expected"),
            null => throw Error($"'{address.Base}' is not declared"),
            _ => throw Error($"'{address.Base}' is no address in {space.Name()}"),
        };
    }

    /// <summary>A place in the code.</summary>
    public int Label(
        int index) => instruction.Operands[index] is NameOperand { Name: var name } && scope.Find(name) is AddressSymbol { Space: "" } label
        ? (int)label.Address
        : throw Error("a label was expected");

    public PtxException Error(string problem) => new($"'{instruction.Text}': {problem}.");

    private IReadOnlyList<Operand> Elements(int index, int count)
    {
        IReadOnlyList<Operand> elements = instruction.Operands[index] is VectorOperand vector
            ? vector.Elements
            : [instruction.Operands[index]];
        return elements.Count == count
            ? elements
            : throw Error($"operand {index} has {elements.Count} elements where {count} were expected");
    }

    private (int Row, PtxType Type) Source(Operand operand, PtxType type, bool mayBeWider) => operand switch
    {
        NumberOperand number => (frame.Constant(Fit(number, type)), type),
        NameOperand { Name: var name } when scope.Find(name) is AddressSymbol { Space: not "" } variable && type.Bytes() >= 4 =>
            (frame.Constant(variable.Address), type),
        _ => Register(operand, type, mayBeWider),
    };

    private (int Row, PtxType Type) Written(Operand operand, PtxType type, bool mayBeWider) =>
        operand is NameOperand { Name: var name } && scope.Find(name) is RegisterSymbol { IsReadOnly: true }
            ? throw Error($"'{name}' cannot be written")
            : Register(operand, type, mayBeWider);

    private (int Row, PtxType Type) Register(Operand operand, PtxType type, bool mayBeWider)
    {
        if (operand is not NameOperand { Name: var name })
        {
            throw Error("a register was expected");
        }

        return scope.Find(name) switch
        {
            RegisterSymbol r when (mayBeWider ? type.TakesWider(r.Type) : type.Takes(r.Type)) => (r.Row, r.Type),
            RegisterSymbol r => throw Error($"'{name}' is declared as {r.Type.Name()} where {type.Name()} is expected"),
            null => throw Error($"'{name}' is not declared"),
            _ => throw Error($"'{name}' is no register"),
        };
    }

    // An integer may be written with or without its sign.
    private ulong Fit(NumberOperand number, PtxType type)
    {
        if (number.Type is { } written)
        {
            return type.Takes(written)
                ? number.Bits
                : throw Error($"a number of type {written.Name()} stands where {type.Name()} is expected");
        }

        int bits = 8 * type.Bytes();
        long value = (long)number.Bits;
        bool fits = type == PtxType.Pred ? value is 0 or 1 : bits == 64 || (value >= -(1L << (bits - 1)) && value < 1L << bits);
        if (!fits || type is PtxType.F32 or PtxType.F64 or PtxType.F16 or PtxType.F16x2 or PtxType.BF16 or PtxType.BF16x2)
        {
            throw Error($"{value} is no number of type {type.Name()}");
        }

        return bits == 64 ? number.Bits : number.Bits & ((1ul << bits) - 1);
    }
}
