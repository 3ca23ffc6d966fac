
namespace IlZo.Tensors;

/// <summary>All parameters of a model in the ordinal order of their names, which of them are trained, and the owner of their memory.</summary>
public sealed unsafe class ParameterSet : IDisposable
{
    private readonly List<Parameter> _all = [];
    private readonly List<IDisposable> _memory = [];
    private readonly Dictionary<string, Parameter> _byName = new(StringComparer.Ordinal);

    /// <param name="parameters">The parameters, in any order; names must be distinct. All are trained.</param>
    /// <param name="memory">What to dispose of together with the set: mapped files and buffers.</param>
    public ParameterSet(IEnumerable<Parameter> parameters, IEnumerable<IDisposable> memory)
    {
        Append(parameters, memory);
        Train(_ => true);
    }

    /// <summary>All parameters; <see cref="Parameter.Id"/> is the place in this list.</summary>
    public IReadOnlyList<Parameter> All => _all;

    /// <summary>Those that are trained, in the same order; <see cref="Parameter.Index"/> is the place in this list.</summary>
    public IReadOnlyList<Parameter> Trained { get; private set; } = [];

    public long Count => All.Sum(p => p.Count);

    /// <summary>Weights that are trained.</summary>
    public long TrainedCount => Trained.Sum(p => p.Count);

    public long ByteCount => All.Sum(p => p.ByteCount);

    public Parameter this[string name] => _byName[name];

    /// <summary>
    /// Adds parameters after those that are there, in the ordinal order of their own names, so that the numbers of the others stay. They
    /// are frozen until <see cref="Train"/> is called.
    /// </summary>
    /// <param name="parameters">The parameters; names must be distinct from those of the set too.</param>
    /// <param name="memory">What to dispose of together with the set.</param>
    public void Append(IEnumerable<Parameter> parameters, IEnumerable<IDisposable> memory)
    {
        foreach (var parameter in parameters.OrderBy(p => p.Name, StringComparer.Ordinal))
        {
            _byName.Add(parameter.Name, parameter);
            parameter.Id = _all.Count;
            parameter.Index = -1;
            _all.Add(parameter);
        }

        _memory.AddRange(memory);
    }

    /// <summary>Says which parameters are trained; the others are frozen. Not while an optimizer is at work.</summary>
    public void Train(Func<Parameter, bool> isTrained)
    {
        var trained = new List<Parameter>();
        foreach (var parameter in _all)
        {
            bool wanted = isTrained(parameter);
            parameter.Index = wanted ? trained.Count : -1;
            if (wanted)
            {
                trained.Add(parameter);
            }
        }

        Trained = trained;
    }

    /// <summary>
    /// A hash of the stored bytes of every parameter, in lower-case hexadecimal: SHA-256 over the SHA-256 of each piece of 16 MiB of each parameter, in the
    /// ordinal order of their names. Pieces are hashed side by side.
    /// </summary>
    public string Sha256()
    {
        const long pieceBytes = 16 << 20;
        var pieces = new List<(Parameter Parameter, long Offset)>();
        foreach (var parameter in All)
        {
            for (long offset = 0; offset < parameter.ByteCount; offset += pieceBytes)
            {
                pieces.Add((parameter, offset));
            }
        }

        byte[][] hashes = new byte[pieces.Count][];
        Parallel.For(0, pieces.Count, i =>
        {
            var (parameter, offset) = pieces[i];
            hashes[i] = IlZo.Sha256.Hash(new ReadOnlySpan<byte>(parameter.Data + offset, (int)Math.Min(pieceBytes, parameter.ByteCount - offset)));
        });
        return Convert.ToHexStringLower(IlZo.Sha256.Hash([.. hashes.SelectMany(h => h)]));
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
