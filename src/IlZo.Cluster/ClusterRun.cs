using System.Text;
using IlZo.Backends;
using IlZo.Training;

namespace IlZo.Clusters;

/// <summary>
/// A run that workers on several machines train together over a channel. There is no leader: each decides the steps itself from losses
/// that all of them evaluate a part of, and the first to enter a step into the log decides for all. <c>ClusterRun.Round.cs</c> has how
/// work is shared.
/// </summary>
public sealed partial class ClusterRun : ISharedRun, IDisposable
{
    private readonly Func<string, IRunChannel> _open;
    private readonly ClusterSettings _asked;
    private readonly double _audit;
    private readonly bool _evaluatesOnly;
    private readonly TimeProvider _time;
    private readonly CancellationToken _cancellation;
    private readonly Random _random;
    private readonly Presence _presence;
    private readonly Marks _marks;

    // The common log as this worker has taken it: the run, then the entries of trajectory.bin.
    private readonly List<byte[]> _log = [];

    private IRunChannel? _channel;

    /// <param name="open">Opens the channel of the run of a name.</param>
    /// <param name="settings">What workers agree on, if this one begins the run.</param>
    /// <param name="audit">
    /// How often a part that another worker has done is done again here, and compared: 0 for never, 1 for always.
    /// </param>
    /// <param name="evaluatesOnly">
    /// Whether this worker leaves it to others to enter steps into the log, because it may only send messages.
    /// </param>
    /// <param name="time">The clock; null for the machine's.</param>
    /// <param name="worker">This worker's number; null to draw one.</param>
    /// <param name="cancellation">Ends the work.</param>
    public ClusterRun(
        Func<string, IRunChannel> open, ClusterSettings? settings = null, double audit = 0, bool evaluatesOnly = false,
        TimeProvider? time = null, ulong? worker = null, CancellationToken cancellation = default)
    {
        _asked = settings ?? new ClusterSettings();
        _asked.Validate();
        if (!(audit is >= 0 and <= 1))
        {
            throw new InvalidInputException($"--audit is {audit}; 0 to 1 was expected.");
        }

        (_open, _audit, _evaluatesOnly) = (open, audit, evaluatesOnly);
        (_time, _cancellation) = (time ?? TimeProvider.System, cancellation);
        ulong number = worker ?? (ulong)Random.Shared.NextInt64();

        // The number is in every message, and nobody must know from it what will be looked at.
        (_presence, _marks, _random) = (new Presence(number), new Marks(number), worker is null ? new Random() : new Random((int)number));
        Settings = _asked;
    }

    /// <summary>What the workers of the run agree on; that of its beginning, once it is known.</summary>
    public ClusterSettings Settings { get; private set; }

    /// <summary>The run's name on the server; null before it is known.</summary>
    public string? Name { get; private set; }

    /// <summary>
    /// Entries that this worker has computed otherwise than the log has them: a difference in rounding, or of machines. None are counted in
    /// a run with a quorum, whose workers have heard different queries.
    /// </summary>
    public int Differences { get; private set; }

    /// <summary>Messages that were none, or not of this run.</summary>
    public int Refused { get; private set; }

    private IRunChannel Channel => _channel ?? throw new InvalidOperationException("The run has not begun.");

    /// <inheritdoc/>
    public void Dispose() => _channel?.Dispose();

    /// <summary>Puts what the common log has lost back, from the folder of a worker.</summary>
    /// <param name="folder">The folder.</param>
    /// <returns>The entries that were put back, and all there are.</returns>
    /// <exception cref="InvalidInputException">The folder has no run, or the common log is that of another one.</exception>
    public (long Put, long All) Restore(RunFolder folder)
    {
        var configuration = folder.ReadConfiguration();
        var content = folder.ReadTrajectory() ?? throw new InvalidInputException(
            $"'{folder.TrajectoryFile}' is missing; the log of a worker was expected.");
        int put = Begin(
            configuration, configuration.Engine, mayLackQueries: true,
            TrajectoryFormat.EncodeAll(RunIdentity.Fingerprint(configuration), content.Entries));
        return (put, Channel.Length);
    }

    /// <summary>Asks all workers of a run to stop after the work in progress.</summary>
    /// <param name="channel">The run's channel.</param>
    public static void AskToStop(IRunChannel channel) =>
        channel.Send(new Message(MessageKind.Stop, (ulong)Random.Shared.NextInt64(), channel.Length, ReadOnlyMemory<byte>.Empty).Encode());

    void ISharedRun.Begin(
        RunConfiguration configuration, Engine engine, bool mayLackQueries, IReadOnlyList<byte[]> entries) =>
        Begin(configuration, engine, mayLackQueries, entries);

    byte[]? ISharedRun.Entry(long index)
    {
        RequirePlace(index);
        PutBack();
        _round = 0;
        return Channel.Entry(_log.Count, _cancellation) is { } entry ? Take(entry) : null;
    }

    byte[] ISharedRun.Append(long index, byte[] entry)
    {
        RequirePlace(index);
        WaitForTurn();
        while (true)
        {
            _cancellation.ThrowIfCancellationRequested();
            PutBack();
            if (Channel.Entry(_log.Count, _cancellation) is { } first)
            {
                Differences += Settings.Quorum > 0 || first.AsSpan().SequenceEqual(entry) ? 0 : 1;
                return Take(first);
            }

            if (_evaluatesOnly)
            {
                WaitForOthers(s_others);
            }
            else if (Channel.Append(_log.Count, entry, _cancellation))
            {
                return Take(entry);
            }
        }
    }

    void ISharedRun.Mark(long step, Func<string> weightsSha256)
    {
        if (Settings.MarkEvery == 0 || step % Settings.MarkEvery != 0 || _presence.At(_log.Count).Count == 1)
        {
            return;
        }

        string own = weightsSha256();
        _marks.Add(step, _presence.Self, own);
        Send(MessageKind.Mark, new MarkBody(step, own).Encode());
        RequireMajority();
    }

    // Returns how many entries the common log got from here.
    private int Begin(RunConfiguration configuration, Engine engine, bool mayLackQueries, IReadOnlyList<byte[]> entries)
    {
        Name = Genesis.NameOf(configuration);
        RequirePossible(configuration.Options, mayLackQueries);
        _channel = _open(Name);
        var own = new Genesis(_asked, configuration.ToJson());
        int put = 0;
        byte[]? first;
        while ((first = Channel.Entry(0, _cancellation)) is null)
        {
            _cancellation.ThrowIfCancellationRequested();
            if (_evaluatesOnly)
            {
                throw new InvalidInputException(
                    $"The log of run {Name} has nothing yet; a run that another worker has begun was expected of one that only evaluates.");
            }

            put = Channel.Append(0, own.Encode(), _cancellation) ? 1 : 0;
        }

        var genesis = Genesis.Require(first, Name);
        Settings = genesis.Settings;
        RequireFitting(genesis.Parse($"run {Name}"), configuration, engine);
        RequirePossible(configuration.Options, mayLackQueries);
        _log.Add(first);
        _log.AddRange(entries);
        RequireSame();
        put += PutBack();
        Send(MessageKind.Here, ReadOnlyMemory<byte>.Empty);
        return put;
    }

    private static string Tail(byte[] bytes) => Convert.ToHexStringLower(bytes.AsSpan(Math.Max(0, bytes.Length - sizeof(uint))));

    // The same run, and an engine that it allows.
    private void RequireFitting(RunConfiguration begun, RunConfiguration configuration, Engine engine)
    {
        var (theirs, ours) = (begun.Computed[0], new EngineChange(0, engine.Name, engine.Precision, engine.Arithmetic));
        if (theirs != ours && !Settings.MixedEngines)
        {
            throw new InvalidInputException(
                $"Run {Name} was begun by {theirs.Engine} in {theirs.Precision}, arithmetic {theirs.Arithmetic}, and here is {engine}, "
                    + $"arithmetic {engine.Arithmetic}; the same was expected, or a run begun with --engines mixed.");
        }

        if (!RunIdentity.Fingerprint(begun).AsSpan().SequenceEqual(RunIdentity.Fingerprint(configuration)))
        {
            throw new InvalidInputException(
                $"Run {Name} was begun by {begun.Engine}, and this one by {configuration.Engine}; 'ilzo worker --cluster-run {Name}', "
                    + "which takes the run as it was begun, was expected.");
        }
    }

    // What workers have agreed on, or are asked to, and what the method and this worker do.
    private void RequirePossible(TrainingOptions options, bool mayLackQueries)
    {
        if (Settings.Quorum > 0 && !(mayLackQueries && options.Queries > Settings.Quorum))
        {
            throw new InvalidInputException(
                $"Run {Name} has --quorum {Settings.Quorum}, --optimizer {options.Optimizer} and --queries {options.Queries}; a method "
                    + "that averages two-sided queries, such as mezo, kerzoo or lozo, and more of them than that were expected.");
        }

        if (Settings.MixedEngines && options.Sides == 1)
        {
            throw new InvalidInputException(
                $"Run {Name} compares losses on one side (--sides 1) and has --engines mixed: the difference of two engines' rounding over "
                    + "ε would be taken for a slope; --sides 2 or --engines same was expected.");
        }

        if (Settings.MixedEngines && _audit > 0)
        {
            throw new InvalidInputException(
                $"Run {Name} has --engines mixed, and --audit is {_audit}: other engines round otherwise, which is no lie; --audit 0 or a "
                    + "run with --engines same was expected.");
        }
    }

    // What this worker's log and the common one both have must be the same: the last entry of it says so of all before.
    private void RequireSame()
    {
        long common = Math.Min(Channel.Length, _log.Count) - 1;
        if (common > 0 && Channel.Entry(common, _cancellation) is { } theirs && !theirs.AsSpan().SequenceEqual(_log[(int)common]))
        {
            throw Parted(common - 1, theirs);
        }
    }

    private InvalidInputException Parted(long entry, byte[] theirs) => new(
        $"The log of run {Name} has another entry {entry} (checksum {Tail(theirs)}) than the log here (checksum "
            + $"{Tail(_log[(int)entry + 1])}); the same was expected: a worker with a new folder follows the common log.");

    // A server that was ended may have lost the end of the log. All workers have the same entries, so that it does not matter whose
    // come first. Returns how many came from here.
    private int PutBack()
    {
        int put = 0;
        while (Channel.Length < _log.Count)
        {
            _cancellation.ThrowIfCancellationRequested();
            if (_evaluatesOnly)
            {
                WaitForOthers(s_others);
                continue;
            }

            long place = Channel.Length;
            byte[] own = _log[(int)place];
            if (Channel.Append(place, own, _cancellation))
            {
                put++;
            }
            else if (Channel.Entry(place, _cancellation) is { } theirs && !theirs.AsSpan().SequenceEqual(own))
            {
                // Each worker's beginning has its own paths.
                _log[0] = place == 0 && Genesis.Decode(theirs) is not null ? theirs : throw Parted(place - 1, theirs);
            }
        }

        return put;
    }

    private byte[] Take(byte[] entry)
    {
        _log.Add(entry);
        (_round, _ahead) = (0, [.. _ahead.Where(a => a.Entry >= _log.Count)]);
        return entry;
    }

    private void RequirePlace(long index)
    {
        if (index != _log.Count - 1)
        {
            throw new ArgumentOutOfRangeException(nameof(index), index, $"Entry {_log.Count - 1} is the next one.");
        }
    }

    private void RequireMajority()
    {
        if (_marks.Minority(_presence.At(_log.Count).Count) is not var (step, own, other))
        {
            return;
        }

        throw new InvalidInputException(
            $"The weights after step {step} have SHA-256 {own} here and {other} on other workers of run {Name}; the same was expected: "
                + "'ilzo replay' says which of them the log comes to.");
    }

    private void Send(MessageKind kind, ReadOnlyMemory<byte> body) =>
        Channel.Send(new Message(kind, _presence.Self, _log.Count, body, _presence.Pace).Encode());

    private void StopAll(string why)
    {
        Send(MessageKind.Stop, Encoding.UTF8.GetBytes(why));
        throw new InvalidInputException(why);
    }
}
