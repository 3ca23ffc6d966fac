using System.Text;
using IlZo.Training;

namespace IlZo.Clusters;

/// <content>What is heard from others, and when a worker enters what it has decided.</content>
public sealed partial class ClusterRun
{
    // Workers enter what they have decided one after another, so that all but the first find it there.
    private static readonly TimeSpan s_turn = TimeSpan.FromMilliseconds(5);

    // How long whoever leaves the log to others waits before it looks whether it is to end.
    private static readonly TimeSpan s_others = TimeSpan.FromSeconds(1);

    // Values of work that this worker has not come to; more would be those of a worker that is far ahead, whose steps are in the log.
    private const int MostAhead = 4096;

    private bool _hasGreeted;
    private int _round;
    private List<HeardValues> _ahead = [];

    T[][] ISharedRun.Share<T>(ISharedWork<T> work) => new Round<T>(this, work, _round++).Run();

    // How many passes a worker waits for, and how they are divided: with a quorum, a query is one worker's.
    private int PassesOf<T>(ISharedWork<T> work) => HasQuorum(work) ? Settings.Quorum : work.Passes;

    private WorkSplit SplitOf<T>(ISharedWork<T> work) => HasQuorum(work) ? WorkSplit.Queries : Settings.Split;

    private bool HasQuorum<T>(ISharedWork<T> work) => Settings.Quorum > 0 && work.MayLackPasses;

    // Tells a message's news to all but the work in progress; values are left to it.
    private HeardValues? Hear(ReadOnlyMemory<byte> bytes)
    {
        if (Message.Decode(bytes) is not { } message || message.Worker == _presence.Self)
        {
            Refused++;
            return null;
        }

        _presence.Hear(message.Worker, Math.Min(message.Entry, _log.Count + 1), message.Pace);
        switch (message.Kind)
        {
            case MessageKind.Values when ValuesBody.Decode(message.Body) is { } body:
                return new HeardValues(message.Entry, message.Worker, body);
            case MessageKind.Mark when MarkBody.Decode(message.Body.Span) is { } mark:
                _marks.Add(mark.Step, message.Worker, mark.Sha256);
                RequireMajority();
                return null;
            case MessageKind.Stop:
                throw message.Body.IsEmpty
                    ? new OperationCanceledException()
                    : new InvalidInputException($"Another worker has stopped the run: {Encoding.UTF8.GetString(message.Body.Span)}");
            case MessageKind.Here:
                return null;
            default:
                Refused++;
                return null;
        }
    }

    private void WaitForTurn()
    {
        int present = _presence.At(_log.Count).Count;
        int distance = (_presence.RankAt(_log.Count) - (_log.Count % present) + present) % present;
        long start = _time.GetTimestamp();
        var turn = s_turn * distance;
        while (Channel.Length <= _log.Count && turn - _time.GetElapsedTime(start) is var left && left > TimeSpan.Zero)
        {
            WaitForOthers(left);
        }
    }

    // Until something is said, or the log has changed.
    private void WaitForOthers(TimeSpan most)
    {
        if (Channel.Receive(Channel.Length, most, _cancellation) is { } bytes && Hear(bytes) is { } ahead)
        {
            Keep(ahead);
        }
    }

    private void Keep(HeardValues values)
    {
        if (values.Entry >= _log.Count && _ahead.Count < MostAhead)
        {
            _ahead.Add(values);
        }
    }
}
