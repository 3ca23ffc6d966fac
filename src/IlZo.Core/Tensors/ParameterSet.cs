using System.Security.Cryptography;

namespace IlZo.Tensors;

/// <summary>All parameters of a model in the ordinal order of their names, and the owner of their memory.</summary>
public sealed unsafe class ParameterSet : IDisposable
{
    private readonly List<IDisposable> _memory;
    private readonly Dictionary<string, Parameter> _byName;

    /// <param name="parameters">The parameters, in any order; names must be distinct.</param>
    /// <param name="memory">What to dispose of together with the set: mapped files and buffers.</param>
    public ParameterSet(IEnumerable<Parameter> parameters, IEnumerable<IDisposable> memory)
    {
        All = [.. parameters.OrderBy(p => p.Name, StringComparer.Ordinal)];
        _byName = All.ToDictionary(p => p.Name, StringComparer.Ordinal);
        _memory = [.. memory];
        for (int i = 0; i < All.Count; i++)
        {
            All[i].Id = i;
        }
    }

    public IReadOnlyList<Parameter> All { get; }

    public long Count => All.Sum(p => p.Count);

    public long ByteCount => All.Sum(p => p.ByteCount);

    public Parameter this[string name] => _byName[name];

    /// <summary>
    /// SHA-256 in lower-case hexadecimal over the stored bytes of every parameter, in the ordinal order of their names.
    /// </summary>
    public string Sha256()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var parameter in All)
        {
            for (long offset = 0; offset < parameter.ByteCount; offset += 1 << 30)
            {
                hash.AppendData(new ReadOnlySpan<byte>(parameter.Data + offset, (int)Math.Min(1 << 30, parameter.ByteCount - offset)));
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public void Dispose()
    {
        foreach (var owner in _memory)
        {
            owner.Dispose();
        }

        _memory.Clear();
    }
}
