using IlZo.Training;

namespace IlZo.Clusters;

/// <summary>What the common log of a run says, for whoever looks at it.</summary>
/// <param name="Configuration">The run.</param>
/// <param name="Step">The last step.</param>
/// <param name="DevLoss">The last dev loss; null before there is one.</param>
public sealed record CommonLog(RunConfiguration Configuration, long Step, double? DevLoss)
{
    /// <summary>Reads a log; null where it does not begin with what a run is.</summary>
    /// <param name="channel">The run's channel.</param>
    /// <param name="name">The run's name, for messages.</param>
    /// <param name="cancellation">Ends the work between two entries.</param>
    /// <exception cref="InvalidInputException">An entry does not follow from those before it.</exception>
    public static CommonLog? Read(IRunChannel channel, string name, CancellationToken cancellation = default)
    {
        if (Genesis.Decode(channel.Entry(0, cancellation)) is not { } genesis)
        {
            return null;
        }

        var configuration = genesis.Parse($"run {name}");
        uint chain = TrajectoryFormat.HeaderChecksum(TrajectoryFormat.Header(RunIdentity.Fingerprint(configuration)));
        var (step, loss) = (0L, (double?)null);
        for (long index = 0; channel.Entry(index + 1, cancellation) is { } bytes; index++)
        {
            var entry = TrajectoryFormat.DecodeWhole(bytes, index, ref chain) ?? throw new InvalidInputException(
                $"The log of run {name} has an entry {index} that does not follow from the {index} before it; one that does was expected: "
                    + "'ilzo cluster restore' puts back a whole log from a worker's folder once the damaged one is deleted.");
            step = entry is StepEntry ? entry.Step : step;
            loss = entry is EvaluationEntry { Split: EvaluationSplit.Dev } dev ? dev.Evaluation.Loss : loss;
        }

        return new CommonLog(configuration, step, loss);
    }
}
