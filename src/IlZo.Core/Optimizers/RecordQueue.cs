using IlZo.Backends;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// Applies the records of a log. Updates wait until there are some, and a backend then applies them all to a slice of the weights while it
/// has it. The bits are those of <see cref="Optimizer.Apply"/> for each record, and the method's own state is always
/// that after the last one.
/// </summary>
/// <param name="optimizer">The method, which is used by nobody else until <see cref="Flush"/>.</param>
/// <param name="backend">Where the weights are.</param>
/// <param name="limit">How many updates wait at most.</param>
internal sealed class RecordQueue(Optimizer optimizer, IBackend backend, int limit = RecordQueue.Usual)
{
    /// <summary>Enough for the time that reading and writing weights takes to be a small part.</summary>
    public const int Usual = 64;

    private readonly List<WeightUpdate> _waiting = [];

    /// <summary>Applies a record, now or later.</summary>
    /// <param name="record">The record that follows those before.</param>
    /// <param name="cancellation">Ends the work; the weights are of no use then.</param>
    public void Apply(StepRecord record, CancellationToken cancellation = default)
    {
        if (record.Skipped)
        {
            return;
        }

        if (optimizer.Defer(record, backend) is { } update)
        {
            _waiting.Add(update);
            if (_waiting.Count >= limit)
            {
                Flush(cancellation);
            }
        }
        else
        {
            Flush(cancellation);
            optimizer.Apply(record, backend);
        }
    }

    /// <summary>Brings the weights to the last record.</summary>
    /// <param name="cancellation">Ends the work; the weights are of no use then.</param>
    public void Flush(CancellationToken cancellation = default)
    {
        if (_waiting.Count > 0)
        {
            optimizer.ApplyDeferred(_waiting, backend, cancellation);
            _waiting.Clear();
        }
    }
}
