namespace IlZo.Tensors;

/// <summary>
/// All parameters of a model in the ordinal order of their names, which of them are trained, and the owner of their memory.
/// </summary>
/// <remarks>
/// Many threads may read the weights at a time, each through a backend of its own. Who changes them, or what is trained, has to be alone:
/// where somebody is reading, or the other way round, <see cref="InvalidOperationException"/> is thrown, and so it is in a pass whose
/// weights were changed before it ended. Memory is given back when the last read in progress ends; from <see cref="Dispose"/> on,
/// everything that reads or writes weights throws <see cref="ObjectDisposedException"/>, while names and shapes can still be read.
/// </remarks>
public sealed class ParameterSet : IDisposable
{
    private readonly List<Parameter> _all = [];
    private readonly List<IDisposable> _memory = [];
    private readonly Dictionary<string, Parameter> _byName = new(StringComparer.Ordinal);
    private readonly UseGuard _use;
    private long _version;

    /// <param name="parameters">The parameters, in any order; names must be distinct. All are trained.</param>
    /// <param name="memory">What to dispose of together with the set: mapped files and buffers.</param>
    internal ParameterSet(IEnumerable<Parameter> parameters, IEnumerable<IDisposable> memory)
    {
        _use = new UseGuard(nameof(ParameterSet), Release);
        Append(parameters, memory);
        Train(_ => true);
    }

    /// <summary>All parameters; <see cref="Parameter.Id"/> is the place in this list.</summary>
    public IReadOnlyList<Parameter> All => _all;

    /// <summary>Those that are trained, in the same order; <see cref="Parameter.Index"/> is the place in this list.</summary>
    public IReadOnlyList<Parameter> Trained { get; private set; } = [];

    /// <summary>Weights of all tensors.</summary>
    public long Count => All.Sum(p => p.Count);

    /// <summary>Weights that are trained.</summary>
    public long TrainedCount => Trained.Sum(p => p.Count);

    /// <summary>Bytes of all tensors in memory.</summary>
    public long ByteCount => All.Sum(p => p.ByteCount);

    /// <summary>The tensor of a name.</summary>
    /// <param name="name">The name, as the checkpoint has it.</param>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public Parameter this[string name] => _byName[name];

    /// <summary>
    /// Which of the weights that are about to be trained stay in memory; null where none are, so that all may stay in their files.
    /// </summary>
    internal StreamPlan? Plan { get; set; }

    /// <summary>The guard of the backend that streams them, which alone knows where they are; null where none does.</summary>
    internal UseGuard? StreamedBy { get; private set; }

    /// <summary>Refuses weights that a backend other than this one streams.</summary>
    /// <exception cref="InvalidOperationException">Another does.</exception>
    internal void RequireNotStreamedBesides(UseGuard backend)
    {
        if (StreamedBy is { } other && !ReferenceEquals(other, backend))
        {
            throw new InvalidOperationException("The weights are streamed by another backend; only that one was expected.");
        }
    }

    /// <summary>Says which backend streams them from here on, if any are streamed.</summary>
    /// <exception cref="InvalidOperationException">Another does.</exception>
    internal StreamPlan? BeginStreaming(UseGuard backend)
    {
        RequireNotStreamedBesides(backend);
        StreamedBy = Plan is { Count: > 0 } ? backend : null;
        return StreamedBy is null ? null : Plan;
    }

    /// <summary>
    /// Copies what is about to be trained, and stays in memory, out of its file: in pages of 2 MB it is read faster, and the first update
    /// does not have to copy page after page.
    /// </summary>
    internal void CopyTrained()
    {
        Parameter[] trained = Plan is null ? [] : [.. Trained.Where(p => p.Place is not null && !Plan.Streams(p))];
        if (trained.Length > 0)
        {
            using var alone = _use.Enter();
            try
            {
                _memory.Add(ParameterPieces.CopyToMemory(trained));
            }
            catch (OutOfMemoryException)
            {
                // An address space that is limited has room for the file alone, where they can be trained as well.
            }
        }
    }

    /// <summary>Changes with every change of the weights.</summary>
    internal long Version => Volatile.Read(ref _version);

    /// <summary>Keeps the weights where and as they are until the use ends.</summary>
    /// <inheritdoc cref="UseGuard.Share"/>
    internal UseGuard.Use Read() => _use.Share();

    /// <summary>Keeps others away from the weights, which are about to change, until the use ends.</summary>
    /// <inheritdoc cref="UseGuard.Enter"/>
    internal UseGuard.Use Write()
    {
        var use = _use.Enter();
        Interlocked.Increment(ref _version);
        return use;
    }

    /// <summary>
    /// Adds parameters after those that are there, in the ordinal order of their own names, so that the numbers of the others stay. They
    /// are frozen until <see cref="Train"/> is called.
    /// </summary>
    /// <param name="parameters">The parameters; names must be distinct from those of the set too.</param>
    /// <param name="memory">What to dispose of together with the set.</param>
    /// <param name="scope">What stands before the names here, where others in the set have the same.</param>
    internal void Append(IEnumerable<Parameter> parameters, IEnumerable<IDisposable> memory, string scope = "")
    {
        using var alone = _use.Enter();
        foreach (var parameter in parameters.OrderBy(p => p.Name, StringComparer.Ordinal))
        {
            _byName.Add(scope + parameter.Name, parameter);
            parameter.Id = _all.Count;
            parameter.Index = -1;
            parameter.Set = this;
            _all.Add(parameter);
        }

        _memory.AddRange(memory);
    }

    /// <summary>Takes over what is to be disposed of together with the set.</summary>
    internal void Own(IDisposable memory) => _memory.Add(memory);

    /// <summary>
    /// Says which parameters are trained; the others are frozen, and so are those in blocks. Not while an optimizer is at work.
    /// </summary>
    internal void Train(Func<Parameter, bool> isTrained)
    {
        using var alone = _use.Enter();
        var trained = new List<Parameter>();
        foreach (var parameter in _all)
        {
            bool wanted = !parameter.Type.IsBlocked() && isTrained(parameter);
            parameter.Index = wanted ? trained.Count : -1;
            if (wanted)
            {
                trained.Add(parameter);
            }
        }

        Trained = trained;
    }

    /// <summary>
    /// A hash of the stored bytes of every parameter, in lower-case hexadecimal: SHA-256 over the SHA-256 of each piece of 16 MiB of each
    /// parameter, in the ordinal order of their names. Pieces are hashed side by side.
    /// </summary>
    /// <param name="cancellation">Ends the work between two pieces.</param>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public string Sha256(CancellationToken cancellation = default) => Hashes(cancellation).Sha256;

    /// <summary>The hashes that <see cref="Sha256"/> is made of.</summary>
    internal ParameterHashes Hashes(CancellationToken cancellation = default)
    {
        using var held = Read();
        var pieces = new List<(Parameter Parameter, int Piece)>();
        foreach (var parameter in All)
        {
            pieces.AddRange(Enumerable.Range(0, ParameterPieces.Count(parameter)).Select(piece => (parameter, piece)));
        }

        byte[][] hashes = new byte[pieces.Count][];
        Parallel.For(0, pieces.Count, new ParallelOptions { CancellationToken = cancellation }, i =>
        {
            var (parameter, piece) = pieces[i];
            hashes[i] = Version == 0 && parameter.LoadedHashes is { } loaded ? loaded[piece] : Hash(parameter, piece);
        });
        return new ParameterHashes([.. pieces.Zip(hashes, (piece, hash) => (piece.Parameter, hash))]);
    }

    // What is streamed is not kept for having been hashed.
    private byte[] Hash(Parameter parameter, int piece)
    {
        ParameterPieces.Populate(parameter, piece);
        byte[] hash = IlZo.Sha256.Hash(ParameterPieces.Read(parameter, piece));
        if (parameter.IsDroppable)
        {
            ParameterPieces.Drop(parameter, piece);
        }

        return hash;
    }

    /// <summary>Gives the memory back, as soon as nobody reads or changes the weights.</summary>
    public void Dispose() => _use.Dispose();

    private void Release()
    {
        _all.ForEach(p => p.Release());

        // What came last may still be reading from what came before it.
        for (int i = _memory.Count - 1; i >= 0; i--)
        {
            _memory[i].Dispose();
        }

        _memory.Clear();
    }
}
