using System.Diagnostics;
using IlZo.Fuzz.Targets;

namespace IlZo.Fuzz.Engine;

/// <summary>How much is to be done.</summary>
/// <param name="Inputs">Inputs at most.</param>
/// <param name="Seconds">Seconds at most.</param>
/// <param name="Seed">Decides every input.</param>
internal sealed record FuzzAmount(long Inputs, double Seconds, int Seed);

/// <summary>
/// Feeds a target: first the seeds, then mutations of what is in the corpus. An input that takes a branch that none before it took joins
/// the corpus.
/// </summary>
internal sealed class Worker
{
    // Inputs between two looks at the memory of the process.
    private const int BatchInputs = 512;
    private const int CorpusLimit = 20_000;

    private readonly FuzzTarget _target;
    private readonly FindingFolder _findings;
    private readonly WorkerState _state;
    private readonly Coverage _coverage = new();
    private readonly MemoryGauge _memory = new();
    private readonly Watchdog _watchdog;
    private readonly List<byte[]> _corpus = [];
    private readonly List<byte[]> _batch = [];
    private readonly Action<byte[]> _parse;
    private long _mostAllocated;

    public Worker(FuzzTarget target, FindingFolder findings, WorkerState state)
    {
        (_target, _findings, _state) = (target, findings, state);
        _parse = target.Open();
        _watchdog = new Watchdog(() => _state.Values.HasHung = 1);
    }

    /// <summary>Works until the amount is done.</summary>
    public void Run(FuzzAmount amount)
    {
        var clock = Stopwatch.StartNew();
        byte[][] seeds = [.. _target.Seeds()];
        Warm(seeds);
        long before = MemoryGauge.Begin();
        foreach (byte[] seed in seeds)
        {
            Try(seed);
            if (!_corpus.Contains(seed))
            {
                _corpus.Add(seed);
            }
        }

        _state.Values.SeedEdges = _coverage.Edges;
        var random = new Random(amount.Seed);
        while (_state.Values.Inputs < amount.Inputs && clock.Elapsed.TotalSeconds < amount.Seconds)
        {
            Try(Next(random));
            if (_batch.Count >= BatchInputs)
            {
                LookAtMemory(before);
                before = MemoryGauge.Begin();
            }
        }

        LookAtMemory(before);
    }

    /// <summary>Works on one input, as often as it takes to see its memory too.</summary>
    public void RunOne(byte[] input)
    {
        Warm([.. _target.Seeds()]);
        Try(input);
        Measure(input);
    }

    // What is made once is not an input's.
    private void Warm(IEnumerable<byte[]> seeds)
    {
        foreach (byte[] seed in seeds)
        {
            Parse(seed);
        }
    }

    private byte[] Next(Random random)
    {
        // The newest are the least explored.
        int index = random.Next(4) == 0 ? _corpus.Count - 1 - random.Next(Math.Min(_corpus.Count, 64)) : random.Next(_corpus.Count);
        byte[] input = _corpus[index];
        int changes = 1 << random.Next(1 + random.Next(5));
        for (int i = 0; i < changes; i++)
        {
            byte[] changed = _target.Mutator.Mutate(random, input, _corpus[random.Next(_corpus.Count)]);
            input = changed.Length <= _target.MaxLength ? changed : input;
        }

        return input;
    }

    private void Try(byte[] input)
    {
        _state.Begin(input);
        _coverage.Begin();
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        _watchdog.Begin();
        var finding = Parse(input);
        _watchdog.End();
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        _state.Values.Inputs++;
        if (_coverage.End() && _corpus.Count < CorpusLimit)
        {
            _corpus.Add(input);
        }

        Note(finding, input);
        _batch.Add(input);

        // What is allocated bounds what is in use. Where it is more than allowed it is measured, unless nearly as much turned out well
        // before.
        if (allocated > MemoryGauge.Limit(input.Length) && allocated > 1.25 * _mostAllocated)
        {
            _mostAllocated = allocated;
            Measure(input);
        }

        (_state.Values.Edges, _state.Values.Corpus) = (_coverage.Edges, _corpus.Count);
    }

    private Finding? Parse(byte[] input)
    {
        try
        {
            _parse(input);
            _state.Values.Accepted++;
            return null;
        }
        catch (InvalidInputException)
        {
            return null;
        }
        catch (Exception e)
        {
            return Finding.Of(e);
        }
    }

    // The memory of a batch bounds that of each input in it.
    private void LookAtMemory(long before)
    {
        if (_memory.End() - before > MemoryGauge.Limit(0))
        {
            _batch.ForEach(Measure);
        }

        _batch.Clear();
        _state.Values.PeakBytes = _memory.Peak;
    }

    private void Measure(byte[] input)
    {
        _state.Begin(input);
        long taken = _memory.Measure(() => Parse(input));
        Note(taken > MemoryGauge.Limit(input.Length) ? Finding.OfMemory(taken, input.Length) : null, input);
    }

    private void Note(Finding? finding, byte[] input)
    {
        if (finding is not null && _findings.Save(finding, input) is { } file)
        {
            _state.Values.Findings = _findings.Count;
            Campaign.Report(_target, finding, file);
        }
    }
}
