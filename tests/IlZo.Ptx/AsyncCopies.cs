namespace IlZo.Ptx;

/// <summary>
/// The copies from global to shared memory that each lane has started and not waited for. Where they go holds nothing useful until then
/// (all ones, NaN as floating point); the source is read at the wait.
/// </summary>
internal sealed unsafe class AsyncCopies
{
    private readonly List<Copy>[] _pending = [.. Enumerable.Range(0, PtxWarp.Size).Select(_ => new List<Copy>())];
    private readonly int[] _groups = new int[PtxWarp.Size];

    /// <summary>Starts a copy.</summary>
    /// <param name="lane">The thread.</param>
    /// <param name="source">The bytes to read.</param>
    /// <param name="sourceCount">How many.</param>
    /// <param name="target">Where they go.</param>
    /// <param name="count">How many bytes are written there; zeros follow the source.</param>
    public void Start(int lane, byte* source, int sourceCount, byte* target, int count)
    {
        new Span<byte>(target, count).Fill(0xFF);
        _pending[lane].Add(new Copy((nint)source, sourceCount, (nint)target, count, _groups[lane]));
    }

    /// <summary>Forgets all copies.</summary>
    public void Clear()
    {
        Array.ForEach(_pending, p => p.Clear());
        Array.Clear(_groups);
    }

    /// <summary>Makes what a lane has started a group.</summary>
    public void Commit(int lane) => _groups[lane]++;

    /// <summary>Finishes all groups of a lane but the latest ones.</summary>
    public void Wait(int lane, int except)
    {
        int finished = _groups[lane] - except;
        foreach (var copy in _pending[lane].Where(c => c.Group < finished))
        {
            var target = new Span<byte>((void*)copy.Target, copy.Count);
            target.Clear();
            new Span<byte>((void*)copy.Source, copy.SourceCount).CopyTo(target);
        }

        _pending[lane].RemoveAll(c => c.Group < finished);
    }

    private readonly record struct Copy(nint Source, int SourceCount, nint Target, int Count, int Group);
}
