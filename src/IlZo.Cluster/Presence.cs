namespace IlZo.Clusters;

/// <summary>
/// Who takes part, as one worker believes. It decides who does what and nothing else. Time is counted in entries of the log: whoever has
/// not been heard for two of them, or did not do its part in time, is taken to be gone until it is heard again.
/// </summary>
/// <param name="self">This worker.</param>
internal sealed class Presence(ulong self)
{
    private const int Entries = 2;

    private readonly Dictionary<ulong, (long Entry, byte Pace)> _heard = [];
    private readonly Pace _pace = new();
    private ulong[] _present = [];
    private double[] _shares = [];
    private int _listed = -1;
    private long _entry = -1;

    /// <summary>This worker.</summary>
    public ulong Self => self;

    /// <summary>Grows with each change of who is there, and how fast.</summary>
    public int Version { get; private set; }

    /// <summary>How fast this worker is, as it tells others.</summary>
    public byte Pace => _pace.Told;

    /// <summary>This worker has done something.</summary>
    /// <param name="tokens">How much; 0 for nothing.</param>
    /// <param name="time">How long it took.</param>
    public void Measure(long tokens, TimeSpan time)
    {
        byte before = Pace;
        _pace.Measure(tokens, time);
        Version += Pace == before ? 0 : 1;
    }

    /// <summary>A worker was heard.</summary>
    /// <param name="worker">The worker.</param>
    /// <param name="entry">The entry it works on.</param>
    /// <param name="pace">How fast it says it is.</param>
    public void Hear(ulong worker, long entry, byte pace)
    {
        if (!_heard.TryGetValue(worker, out var before) || before.Pace != pace)
        {
            Version++;
        }

        _heard[worker] = (Math.Max(before.Entry, entry), pace);
    }

    /// <summary>A worker did not do its part.</summary>
    public void Miss(ulong worker)
    {
        if (_heard.Remove(worker))
        {
            Version++;
        }
    }

    /// <summary>Those who are there, in the order of their ranks.</summary>
    /// <param name="entry">The entry that is worked on.</param>
    public IReadOnlyList<ulong> At(long entry)
    {
        if (_entry != entry)
        {
            _entry = entry;
            foreach (var (worker, heard) in _heard)
            {
                if (heard.Entry < entry - Entries)
                {
                    Miss(worker);
                }
            }
        }

        if (_listed != Version)
        {
            (_listed, _present) = (Version, [.. _heard.Keys.Append(self).Order()]);
            _shares = Clusters.Pace.Shares([.. _present.Select(w => w == self ? Pace : _heard[w].Pace)]);
        }

        return _present;
    }

    /// <summary>How much each of <see cref="At"/> does, relative to the fastest.</summary>
    public IReadOnlyList<double> SharesAt(long entry)
    {
        At(entry);
        return _shares;
    }

    /// <summary>This worker's place among <see cref="At"/>.</summary>
    public int RankAt(long entry) => Array.BinarySearch((ulong[])At(entry), self);
}
