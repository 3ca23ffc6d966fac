using IlZo.Training;

namespace IlZo.Clusters;

/// <content>
/// How work is shared: a worker does its own part, tells the values, and waits for the others', as long as that is worth it.
/// </content>
public sealed partial class ClusterRun
{
    /// <summary>One piece of work.</summary>
    private sealed class Round<T>(ClusterRun run, ISharedWork<T> work, int number)
    {
        // A part that another has not done in this many times what the own part took is done here.
        private const double Patience = 2;

        private static readonly TimeSpan s_leastPatience = TimeSpan.FromMilliseconds(200);

        // Before its first work a worker listens for those who begin with it.
        private static readonly TimeSpan s_greeting = TimeSpan.FromMilliseconds(50);

        private readonly RoundValues<T> _values = new(work, run.PassesOf(work));
        private readonly long[] _weights = [.. Enumerable.Range(0, work.Items).Select(work.Weight)];
        private readonly Queue<HeardValues> _audits = [];
        private IReadOnlyList<WorkPart> _own = [];
        private int _planned = -1;
        private TimeSpan _worked;
        private long _tokens;

        private int Entry => run._log.Count;

        public T[][] Run()
        {
            try
            {
                DoAll();
                Audit();
                return _values.All;
            }
            finally
            {
                // Also of work that came too late, which is what a slow worker's does. What cannot be divided, answers, takes as long as
                // they get, which says nothing of a worker.
                if (work.Items > 1)
                {
                    run._presence.Measure(_tokens, _worked);
                }
            }
        }

        private void DoAll()
        {
            run._ahead.Where(IsOfThis).ToList().ForEach(Take);

            Greet();
            if (Own().Count == 0)
            {
                run.Send(MessageKind.Here, ReadOnlyMemory<byte>.Empty);
            }

            long idle = run._time.GetTimestamp();
            while (!_values.IsComplete)
            {
                if (Next(Own()) is { } part)
                {
                    Do(part);
                    idle = run._time.GetTimestamp();
                }
                else if (LeftOf(idle) is var left && left > TimeSpan.Zero)
                {
                    Listen(left);
                    continue;
                }
                else
                {
                    DoForOthers();
                }

                Listen(TimeSpan.Zero);
            }
        }

        private void Greet()
        {
            long start = run._time.GetTimestamp();
            do
            {
                var left = run._hasGreeted ? TimeSpan.Zero : s_greeting - run._time.GetElapsedTime(start);
                Listen(left > TimeSpan.Zero ? left : TimeSpan.Zero);
            }
            while (!run._hasGreeted && run._time.GetElapsedTime(start) < s_greeting);
            run._hasGreeted = true;
        }

        // Who is there may change while the work goes on; what is done is done.
        private IReadOnlyList<WorkPart> Own()
        {
            run._presence.At(Entry);
            if (_planned != run._presence.Version)
            {
                (_planned, _own) = (run._presence.Version, PartsOf(run._presence.RankAt(Entry)));
            }

            return _own;
        }

        private IReadOnlyList<WorkPart> PartsOf(int rank) =>
            WorkPlan.Of(work.Passes, _weights, run.SplitOf(work), rank, run._presence.SharesAt(Entry));

        private WorkPart? Next(IReadOnlyList<WorkPart> parts) =>
            parts.Select(_values.MissingOf).FirstOrDefault(p => p is not null);

        private TimeSpan LeftOf(long idle)
        {
            var patience = _worked * Patience;
            return (patience > s_leastPatience ? patience : s_leastPatience) - run._time.GetElapsedTime(idle);
        }

        private void Do(WorkPart part)
        {
            long start = run._time.GetTimestamp();
            var values = work.Do(part.Pass, part.First, part.Count);
            _worked += run._time.GetElapsedTime(start);
            _tokens += _weights.Skip(part.First).Take(part.Count).Sum();
            _values.Take(part, values);
            Tell(part, [.. values.Select(v => (ReadOnlyMemory<byte>)work.Encode(v))]);
        }

        // Each begins with another's part, so that not all do the same.
        private void DoForOthers()
        {
            var present = run._presence.At(Entry);
            int rank = run._presence.RankAt(Entry);
            for (int i = 1; i < present.Count; i++)
            {
                int other = (rank + i) % present.Count;
                if (Next(PartsOf(other)) is { } missing)
                {
                    run._presence.Miss(present[other]);
                    Do(missing);
                    return;
                }
            }
        }

        // In as many messages as it takes. Values that no message holds are computed by each.
        private void Tell(WorkPart part, IReadOnlyList<ReadOnlyMemory<byte>> values)
        {
            int first = 0;
            while (first < values.Count)
            {
                long bytes = ValuesBody.LeastBytes;
                int count = 0;
                while (first + count < values.Count && bytes + ValuesBody.BytesOf(values[first + count]) <= Message.MostBody)
                {
                    bytes += ValuesBody.BytesOf(values[first + count]);
                    count++;
                }

                if (count > 0)
                {
                    var body = new ValuesBody(number, part.Pass, part.First + first, [.. values.Skip(first).Take(count)]);
                    run.Send(MessageKind.Values, body.Encode());
                }

                first += Math.Max(1, count);
            }
        }

        private void Listen(TimeSpan wait)
        {
            bool isDecided = run.Channel.Length > Entry;
            wait = isDecided ? TimeSpan.Zero : wait;
            while (run.Channel.Receive(run.Channel.Length, wait, run._cancellation) is { } bytes)
            {
                wait = TimeSpan.Zero;
                if (run.Hear(bytes) is not { } said)
                {
                    continue;
                }

                if (IsOfThis(said))
                {
                    Take(said);
                }
                else
                {
                    run.Keep(said);
                }
            }

            if (isDecided)
            {
                // Whoever is fast is looked at too.
                Audit();
                throw new DecidedElsewhereException();
            }

            run._cancellation.ThrowIfCancellationRequested();
        }

        private bool IsOfThis(HeardValues said) => said.Entry == Entry && said.Body.Round == number;

        private void Take(HeardValues said)
        {
            if (!_values.TryTake(said.Body))
            {
                run.Refused++;
            }
            else if (run._audit > 0 && run._random.NextDouble() < run._audit)
            {
                _audits.Enqueue(said);
            }
        }

        // The bits of an engine are the same everywhere, so that whoever says others has not computed them.
        private void Audit()
        {
            while (_audits.TryDequeue(out var audit))
            {
                var (_, worker, body) = audit;
                var own = work.Do(body.Pass, body.First, body.Values.Count);
                for (int i = 0; i < own.Length; i++)
                {
                    if (!body.Values[i].Span.SequenceEqual(work.Encode(own[i])))
                    {
                        string said = Convert.ToHexStringLower(body.Values[i].Span);
                        string computed = Convert.ToHexStringLower(work.Encode(own[i]));
                        run.StopAll(
                            $"Run {run.Name}, entry {Entry - 1}: worker {worker:x16} says {said} of item {body.First + i} in pass "
                                + $"{body.Pass}, and worker {run._presence.Self:x16} computes {computed}; the same was expected of two "
                                + "workers.");
                    }
                }
            }
        }
    }
}
