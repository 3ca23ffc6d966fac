using IlZo.Clusters;

namespace IlZo.Cluster.Tests.Schedules;

/// <summary>
/// Workers of which one runs at a time, as a seed has it: who goes on, how long work takes, which messages are late, lost or come twice,
/// who is killed, and when the log loses its end. The clock is the schedule's own, so that nothing waits.
/// </summary>
internal sealed class Schedule : TimeProvider
{
    private const double LostMessages = 0.1;
    private const double RepeatedMessages = 0.05;
    private const double LateMessages = 0.3;

    private readonly Random _random;
    private readonly List<Runner> _runners = [];
    private readonly List<byte[]> _log = [];
    private readonly SemaphoreSlim _scheduler = new(0);
    private long _now;

    /// <param name="seed">What decides all.</param>
    public Schedule(int seed) => _random = new Random(seed);

    /// <summary>The common log.</summary>
    public IReadOnlyList<byte[]> Log => _log;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _now;

    /// <summary>A number below a limit, as the seed has it.</summary>
    public int Next(int limit) => _random.Next(limit);

    /// <summary>Adds a worker.</summary>
    /// <param name="body">What it does with its channel.</param>
    public void Add(Action<IRunChannel> body) => _runners.Add(new Runner(this, body));

    /// <summary>Runs until all workers have ended.</summary>
    /// <param name="kills">How many workers are killed; <paramref name="body"/> then begins anew.</param>
    /// <param name="losses">How many times the log loses its end.</param>
    /// <param name="body">What a worker does that takes the place of one that was killed.</param>
    /// <exception cref="AggregateException">A worker failed.</exception>
    public void Run(int kills, int losses, Action<IRunChannel> body)
    {
        for (long turn = 0; _runners.Any(r => !r.IsDone); turn++)
        {
            if (turn > 1_000_000)
            {
                throw new InvalidOperationException("The workers do not come to an end.");
            }

            Deliver();
            var ready = _runners.Where(r => !r.IsDone && r.IsReady).ToList();
            if (ready.Count == 0)
            {
                _now = _runners.Where(r => !r.IsDone).Min(r => r.Deadline);
                continue;
            }

            var runner = ready[Next(ready.Count)];
            if (kills > 0 && Next(60) == 0)
            {
                kills--;
                runner.Kill();
                Add(body);
            }
            else if (losses > 0 && _log.Count > 2 && Next(80) == 0)
            {
                losses--;
                int lost = 1 + Next(Math.Min(3, _log.Count));
                _log.RemoveRange(_log.Count - lost, lost);
            }

            runner.Resume();
            _scheduler.Wait();
        }

        Exception[] failures = [.. _runners.Select(r => r.Failure).OfType<Exception>()];
        if (failures.Length > 0)
        {
            throw new AggregateException(failures);
        }
    }

    /// <summary>Time passes for the worker that runs.</summary>
    public void Spend(TimeSpan time) => _now += time.Ticks;

    private void Deliver()
    {
        foreach (var runner in _runners)
        {
            runner.Deliver(_random);
        }
    }

    private sealed class Killed : Exception;

    private sealed class Runner : IRunChannel
    {
        private readonly Schedule _schedule;
        private readonly SemaphoreSlim _turn = new(0);
        private readonly List<byte[]> _underWay = [];
        private readonly Queue<byte[]> _messages = [];
        private long? _known;
        private bool _isKilled;

        public Runner(Schedule schedule, Action<IRunChannel> body)
        {
            _schedule = schedule;
            new Thread(() => Live(body)) { IsBackground = true }.Start();
        }

        public bool IsDone { get; private set; }

        public Exception? Failure { get; private set; }

        public long Deadline { get; private set; }

        // One that waits goes on with a message, with a log of another length, or when its time is over.
        public bool IsReady =>
            _isKilled || _known is not { } known || _messages.Count > 0 || _schedule._log.Count != known || _schedule._now >= Deadline;

        public long Length => _schedule._log.Count;

        public void Kill() => _isKilled = true;

        public void Resume() => _turn.Release();

        public void Deliver(Random random)
        {
            for (int i = _underWay.Count - 1; i >= 0; i--)
            {
                if (random.NextDouble() < LateMessages)
                {
                    continue;
                }

                byte[] message = _underWay[i];
                _underWay.RemoveAt(i);
                int times = random.NextDouble() < LostMessages ? 0 : random.NextDouble() < RepeatedMessages ? 2 : 1;
                for (; times > 0; times--)
                {
                    _messages.Enqueue(message);
                }
            }
        }

        public byte[]? Entry(long index, CancellationToken cancellation = default)
        {
            Pass();
            return index < _schedule._log.Count ? _schedule._log[(int)index] : null;
        }

        public bool Append(long index, ReadOnlyMemory<byte> entry, CancellationToken cancellation = default)
        {
            Pass();
            if (index != _schedule._log.Count)
            {
                return false;
            }

            _schedule._log.Add(entry.ToArray());
            return true;
        }

        public void Send(ReadOnlyMemory<byte> message)
        {
            Pass();
            foreach (var other in _schedule._runners.Where(r => r != this && !r.IsDone))
            {
                other._underWay.Add(message.ToArray());
            }
        }

        public byte[]? Receive(long length, TimeSpan timeout, CancellationToken cancellation = default)
        {
            (_known, Deadline) = (length, _schedule._now + timeout.Ticks);
            Pass();
            _known = null;
            return _messages.TryDequeue(out byte[]? message) ? message : null;
        }

        public void Dispose() => _messages.Clear();

        private void Live(Action<IRunChannel> body)
        {
            try
            {
                _turn.Wait();
                body(this);
            }
            catch (Killed)
            {
            }
            catch (Exception e)
            {
                Failure = e;
            }

            IsDone = true;
            _schedule._scheduler.Release();
        }

        // The scheduler says who goes on.
        private void Pass()
        {
            if (_isKilled)
            {
                throw new Killed();
            }

            _schedule._scheduler.Release();
            _turn.Wait();
            if (_isKilled)
            {
                throw new Killed();
            }
        }
    }
}
