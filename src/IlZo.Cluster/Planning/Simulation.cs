using System.Buffers.Binary;
using IlZo.Backends;
using IlZo.Training;

namespace IlZo.Clusters.Planning;

/// <summary>What a simulated run did.</summary>
/// <param name="StepsPerSecond">Steps a second of the simulated time, after the first.</param>
/// <param name="BytesSent">Bytes that a worker has sent in a step, in the mean.</param>
/// <param name="Lost">Messages that were lost.</param>
/// <param name="Left">Workers that were ended, and others that took their places.</param>
/// <param name="Same">Whether the log is that of one worker.</param>
public sealed record SimulationResult(double StepsPerSecond, double BytesSent, long Lost, int Left, bool Same);

/// <summary>
/// A run of many workers in simulated time: each is a <see cref="ClusterRun"/> with a clock of its own and a channel whose messages take
/// as long as the network's. Whoever's clock is behind goes on, so that causes come before effects. Work takes the time that a machine is
/// predicted to take, give or take a tenth; what is computed are numbers in the place of losses.
/// </summary>
public sealed class Simulation
{
    private const int StackBytes = 1 << 18;
    private const double Jitter = 0.1;
    private const double SlowBy = 4;

    private readonly int _steps;
    private readonly int _examples;
    private readonly double _loss;
    private readonly int _slow;
    private readonly double _perExample;
    private readonly double _perPass;
    private readonly double _update;
    private readonly NetworkSpeed _network;
    private readonly Random _random;
    private readonly PriorityQueue<(Worker Worker, long Sleep), long> _queue = new();
    private readonly List<Worker> _workers = [];
    private readonly List<(byte[] Entry, long At)> _log = [];
    private readonly SemaphoreSlim _turn = new(0);
    private long _serverFree;
    private long _lost;
    private int _left;

    private Simulation(
        double weights, int batch, int length, int steps, double loss, int slow, MachineSpeed machine, NetworkSpeed network, int seed)
    {
        (_steps, _examples, _loss, _slow, _network, _random) = (steps, batch, loss, slow, network, new Random(seed));
        _perExample = weights * machine.PerWeightToken * length;
        _perPass = weights * machine.PerWeight;
        _update = ClusterPlan.Update(weights, 1, machine);
    }

    /// <summary>Simulates a run.</summary>
    /// <param name="weights">Weights of the model.</param>
    /// <param name="batch">Examples of a step.</param>
    /// <param name="length">Tokens of an example.</param>
    /// <param name="machines">Workers.</param>
    /// <param name="steps">Steps, at least 2.</param>
    /// <param name="loss">The part of messages that are lost, each at one of those it is sent to.</param>
    /// <param name="churn">Workers that are ended during the run, each with another that joins in its place.</param>
    /// <param name="slow">Workers, of those that are there from the beginning, that take four times as long for all they do.</param>
    /// <param name="machine">What the machines are.</param>
    /// <param name="network">What lies between them.</param>
    /// <param name="seed">What decides all that is random.</param>
    public static SimulationResult Run(
        double weights, int batch, int length, int machines, int steps, double loss, int churn, int slow, MachineSpeed machine,
        NetworkSpeed network, int seed = 0)
    {
        var simulation = new Simulation(weights, batch, length, steps, loss, slow, machine, network, seed);
        return simulation.Run(machines, churn);
    }

    private static Engine Engine { get; } = new(EngineName.Managed, PrecisionName.Fp32);

    private static RunConfiguration Configuration { get; } = new(
        new TrainingOptions { Engine = Engine.Name, Precision = Engine.Precision }, new string('0', 64), new string('0', 64))
    {
        Arithmetic = Engine.Arithmetic,
    };

    private SimulationResult Run(int machines, int churn)
    {
        for (int w = 0; w < machines; w++)
        {
            Add(0);
        }

        long churned = 0;
        while (_queue.TryDequeue(out var next, out long now))
        {
            var worker = next.Worker;
            if (!worker.Wakes(next.Sleep, now))
            {
                continue;
            }

            // Spread over the run's steps.
            if (churn > churned && _log.Count > 1 + (_steps * (churned + 1) / (churn + 1)) && _workers.Count > 1)
            {
                churned++;
                _left++;
                worker.End();
                Add(now);
            }

            worker.Resume();
            _turn.Wait();
            if (worker.Failure is { } failure)
            {
                throw new InvalidOperationException("A simulated worker failed.", failure);
            }
        }

        double seconds = TimeSpan.FromTicks(_log[_steps].At - _log[1].At).TotalSeconds;
        double sent = _workers.Sum(w => (double)w.Sent) / _steps / machines;
        return new SimulationResult((_steps - 1) / seconds, sent, _lost, _left, _log.Skip(1).Select(l => l.Entry).Zip(Alone()).All(
            p => p.First.AsSpan().SequenceEqual(p.Second)));
    }

    private void Add(long now)
    {
        var worker = new Worker(this, (ulong)_workers.Count + 1, now);
        _workers.Add(worker);
        worker.WakeAt(now);
    }

    private IEnumerable<byte[]> Alone()
    {
        double state = 0;
        for (int step = 0; step < _steps; step++)
        {
            double sum = new Numbers(_examples, state, null).Do(0, 0, _examples).Sum();
            state += sum;
            yield return BitConverter.GetBytes(sum);
        }
    }

    // Messages come in bundles, a hundred in the time of a part at most, so that not each of them wakes a worker.
    private long Together(long at)
    {
        long quantum = Math.Max(1, Ticks((_perPass + _perExample) / 100));
        return (at + quantum - 1) / quantum * quantum;
    }

    private static long Ticks(double seconds) => (long)(seconds * TimeSpan.TicksPerSecond);

    private sealed class Ended : Exception;

    private sealed class Numbers(int examples, double state, Action<int>? spend) : ISharedWork<double>
    {
        public int Passes => 1;

        public bool MayLackPasses => false;

        public int Items => examples;

        public long TokensAtATime => long.MaxValue;

        public long Weight(int item) => TokensEach;

        public double[] Do(int pass, int first, int count)
        {
            spend?.Invoke(count);
            return [.. Enumerable.Range(first, count).Select(item => Math.IEEERemainder((state * 3) + item, 1))];
        }

        // What a pair's losses of an example take.
        public byte[] Encode(double value) => [.. BitConverter.GetBytes(value), .. new byte[8]];

        public bool TryDecode(int pass, int item, ReadOnlySpan<byte> bytes, out double value) =>
            BinaryPrimitives.TryReadDoubleLittleEndian(bytes, out value) && bytes.Length == 16;

        // Enough for examples to be divided.
        private const int TokensEach = 1 << 20;
    }

    // A worker's thread, its clock, and its channel.
    private sealed class Worker : TimeProvider, IRunChannel
    {
        private readonly Simulation _all;
        private readonly ulong _number;
        private readonly SemaphoreSlim _go = new(0);
        private readonly PriorityQueue<byte[], long> _messages = new();
        private long _now;
        private long _sleep;
        private bool _listens;
        private bool _isEnded;
        private bool _isGone;

        public Worker(Simulation all, ulong number, long now)
        {
            (_all, _number, _now) = (all, number, now);
            new Thread(Live, StackBytes) { IsBackground = true }.Start();
        }

        public long Sent { get; private set; }

        public Exception? Failure { get; private set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        // What a worker has been sent of the log.
        public long Length
        {
            get
            {
                int known = _all._log.Count;
                while (known > 0 && _all._log[known - 1].At + Latency > _now)
                {
                    known--;
                }

                return known;
            }
        }

        private long Latency => Ticks(_all._network.Latency);

        public override long GetTimestamp() => _now;

        public void End() => _isEnded = true;

        public void Resume() => _go.Release();

        /// <summary>Has the worker go on at a time, if it sleeps until then as it does now.</summary>
        public void WakeAt(long at) => _all._queue.Enqueue((this, _sleep), at);

        /// <summary>Something comes at a time, which does not disturb a worker that works.</summary>
        public void Hear(long at)
        {
            if (_listens)
            {
                WakeAt(at);
            }
        }

        /// <summary>Whether a worker still sleeps as it did when it was to go on at this time; its clock is there then.</summary>
        public bool Wakes(long sleep, long now)
        {
            if (sleep != _sleep || _isGone)
            {
                return false;
            }

            (_now, _sleep) = (now, _sleep + 1);
            return true;
        }

        public byte[]? Entry(long index, CancellationToken cancellation = default) =>
            index < Length ? _all._log[(int)index].Entry : null;

        public bool Append(long index, ReadOnlyMemory<byte> entry, CancellationToken cancellation = default)
        {
            Pass(Latency);
            bool kept = _all._log.Count == index;
            if (kept)
            {
                _all._log.Add((entry.ToArray(), _now));
                _all._workers.ForEach(w => w.Hear(_now + Latency));
            }

            Pass(Latency);
            return kept;
        }

        public void Send(ReadOnlyMemory<byte> message)
        {
            byte[] bytes = message.ToArray();
            long bytesOnLine = bytes.Length + NetworkSpeed.MessageOverhead;
            Sent += bytesOnLine;
            // The server passes messages on one after another.
            long received = _now + Latency;
            foreach (var other in _all._workers.Where(w => w != this && !w._isGone))
            {
                if (_all._random.NextDouble() < _all._loss)
                {
                    _all._lost++;
                    continue;
                }

                _all._serverFree = Math.Max(_all._serverFree, received) + Ticks(NetworkSpeed.PerDelivery);
                long at = _all.Together(_all._serverFree + Latency + Ticks(bytesOnLine / _all._network.BytesPerSecond));
                other._messages.Enqueue(bytes, at);
                other.Hear(at);
            }
        }

        public byte[]? Receive(long length, TimeSpan timeout, CancellationToken cancellation = default)
        {
            long deadline = _now + timeout.Ticks;
            while (true)
            {
                if (_messages.TryPeek(out byte[]? message, out long at) && at <= _now)
                {
                    _messages.Dequeue();
                    return message;
                }

                if (Length != length || _now >= deadline)
                {
                    return null;
                }

                // What is on its way already; and whatever is sent before that.
                if (_messages.Count > 0)
                {
                    WakeAt(at);
                }

                int known = (int)Length;
                if (known < _all._log.Count)
                {
                    WakeAt(_all._log[known].At + Latency);
                }

                _listens = true;
                Sleep(deadline);
                _listens = false;
            }
        }

        public void Dispose() => _isGone = true;

        private void Live()
        {
            _go.Wait();
            try
            {
                Train();
            }
            catch (Ended)
            {
            }
            catch (Exception e)
            {
                Failure = e;
            }

            _isGone = true;
            _all._turn.Release();
        }

        private void Train()
        {
            ISharedRun run = new ClusterRun(_ => this, new ClusterSettings(WorkSplit.Examples, MarkEvery: 0), time: this, worker: _number);
            run.Begin(Configuration, Engine, mayLackQueries: false, []);
            double state = 0;
            for (int step = 0; step < _all._steps;)
            {
                byte[] entry;
                try
                {
                    entry = run.Entry(step) ?? run.Append(step, BitConverter.GetBytes(
                        run.Share(new Numbers(_all._examples, state, count => Pass(WorkTime(count))))[0].Sum()));
                }
                catch (DecidedElsewhereException)
                {
                    continue;
                }

                state += BitConverter.ToDouble(entry);
                step++;
                Pass(Ticks(_all._update * Slowness()));
            }
        }

        private long WorkTime(int count) => Ticks((_all._perPass + (_all._perExample * count)) * Slowness());

        private double Slowness() =>
            (1 + (Jitter * ((2 * _all._random.NextDouble()) - 1))) * (_number <= (ulong)_all._slow ? SlowBy : 1);

        private void Pass(long ticks) => Sleep(_now + ticks);

        // Until a time, or something comes; whoever is behind goes on first.
        private void Sleep(long until)
        {
            WakeAt(until);
            _all._turn.Release();
            _go.Wait();
            if (_isEnded)
            {
                throw new Ended();
            }
        }
    }
}
