using IlZo.Ptx.Syntax;

namespace IlZo.Ptx;

/// <summary>
/// The names of one function: its registers, each a row of the warp's register file, and its variables. Code can be linked to it piece by
/// piece; what is declared outside of braces stays.
/// </summary>
/// <param name="sharedBase">The address of the first byte of shared memory that declarations may take.</param>
public sealed class PtxFrame(uint sharedBase = PtxMemory.Base)
{
    private readonly Dictionary<ulong, int> _constants = [];
    private readonly List<(int Row, ulong Bits)> _values = [];
    private readonly PtxScope _function = SpecialRegisters.Scope();

    /// <summary>Rows of the register file that are in use.</summary>
    public int Rows { get; private set; } = SpecialRegisters.Count;

    /// <summary>The address after the last byte of shared memory that is declared.</summary>
    public uint SharedEnd { get; private set; } = sharedBase;

    /// <summary>The address after the last byte of each thread's own memory that is declared.</summary>
    internal uint LocalEnd { get; private set; } = PtxMemory.Base;

    /// <summary>Bytes of parameters that are declared.</summary>
    internal uint ParameterEnd { get; private set; }

    /// <summary>Numbers that instructions use, and their rows.</summary>
    internal IReadOnlyList<(int Row, ulong Bits)> Constants => _values;

    /// <summary>Links statements.</summary>
    /// <param name="statements">They.</param>
    /// <param name="parameters">Registers with names that these statements alone know, as the operands of inline text.</param>
    /// <exception cref="PtxException">A name is unknown or declared twice, an instruction is unknown or its operands do not
    /// fit.</exception>
    public PtxCode Link(IReadOnlyList<PtxStatement> statements, params IReadOnlyList<(string Name, PtxType Type)> parameters)
    {
        var outer = new PtxScope(_function);
        int[] rows = [.. parameters.Select(p => outer.Add(p.Name, new RegisterSymbol(p.Type, NewRow())).Row)];
        var code = new PtxCode(rows);
        new Linker(this, _function, outer, code).Link(statements);
        return code;
    }

    /// <summary>Declares memory outside of the statements: parameters, and shared memory whose size the launch decides.</summary>
    internal void Declare(Declaration declaration) => Declare(declaration, _function);

    internal void Declare(Declaration declaration, PtxScope scope)
    {
        int bytes = (declaration.Length ?? 1) * declaration.Type.Bytes();
        uint end = declaration.Space switch
        {
            ".shared" => SharedEnd,
            ".local" => LocalEnd,
            ".param" => ParameterEnd,
            _ => throw new PtxException($"Variables in {declaration.Space}, as '{declaration.Name}', are not known."),
        };
        uint address = (end + (uint)declaration.Alignment - 1) / (uint)declaration.Alignment * (uint)declaration.Alignment;
        end = address + (uint)bytes;
        (SharedEnd, LocalEnd, ParameterEnd) = declaration.Space switch
        {
            ".shared" => (end, LocalEnd, ParameterEnd),
            ".local" => (SharedEnd, end, ParameterEnd),
            _ => (SharedEnd, LocalEnd, end),
        };
        scope.Add(declaration.Name, new AddressSymbol(declaration.Space, address));
    }

    internal int NewRow() => Rows++;

    /// <summary>The row that holds a number in all lanes.</summary>
    internal int Constant(ulong bits)
    {
        if (!_constants.TryGetValue(bits, out int row))
        {
            _constants[bits] = row = NewRow();
            _values.Add((row, bits));
        }

        return row;
    }
}
