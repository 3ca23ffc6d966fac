namespace IlZo.Ptx;

/// <summary>What a name stands for.</summary>
internal abstract record Symbol;

/// <summary>A register.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Row">Its row of the register file.</param>
/// <param name="IsReadOnly">Whether no instruction may write it.</param>
internal sealed record RegisterSymbol(PtxType Type, int Row, bool IsReadOnly = false) : Symbol;

/// <summary>A variable, or the place of the code that a label names.</summary>
/// <param name="Space">.shared, .local, .param; empty for a label.</param>
/// <param name="Address">Its address.</param>
internal sealed record AddressSymbol(string Space, ulong Address) : Symbol;

/// <summary>The names between two braces, and those around them.</summary>
internal sealed class PtxScope(PtxScope? parent)
{
    private readonly Dictionary<string, Symbol> _symbols = [];

    public PtxScope? Parent => parent;

    public T Add<T>(string name, T symbol)
        where T : Symbol => _symbols.TryAdd(name, symbol) ? symbol : throw new PtxException($"'{name}' is declared twice.");

    public Symbol? Find(string name)
    {
        for (var scope = this; scope is not null; scope = scope.Parent)
        {
            if (scope._symbols.TryGetValue(name, out var symbol))
            {
                return symbol;
            }
        }

        return null;
    }
}
