using IlZo.Backends.Cpu;
using IlZo.Models;

namespace IlZo.Training;

/// <summary>Weights rebuilt from a run's base checkpoint and its log, without a forward pass.</summary>
/// <param name="Steps">Steps that were replayed.</param>
/// <param name="WeightsSha256">The weights after them.</param>
public sealed record Replay(long Steps, string WeightsSha256)
{
    /// <summary>Rebuilds the weights of a step.</summary>
    /// <param name="folder">The run.</param>
    /// <param name="toStep">The step, or null for the last one in the log.</param>
    /// <param name="output">A folder to save the weights to, or the adapter where the run trains one; or null.</param>
    /// <param name="threads">Threads, or null for all processors.</param>
    /// <exception cref="InvalidInputException">The run, its base checkpoint or the step cannot be used.</exception>
    public static Replay Run(RunFolder folder, long? toStep = null, string? output = null, int? threads = null)
    {
        var configuration = folder.ReadConfiguration();
        if (!File.Exists(folder.TrajectoryFile))
        {
            throw new InvalidInputException($"'{folder.TrajectoryFile}' is missing; the log of the run was expected.");
        }

        var content = TrajectoryReader.ReadAll(folder.TrajectoryFile);
        if (!content.Fingerprint.AsSpan().SequenceEqual(RunLog.Fingerprint(configuration)))
        {
            throw new InvalidInputException($"'{folder.TrajectoryFile}' belongs to another configuration than '{folder.ConfigurationFile}'; the run's own log was expected.");
        }

        long last = toStep ?? content.Records.Count;
        if (last < 0 || last > content.Records.Count)
        {
            throw new InvalidInputException($"--to-step is {last}; 0 to {content.Records.Count}, the steps in '{folder.TrajectoryFile}', was expected.");
        }

        var options = configuration.Options;
        using var backend = new CpuBackend(threads);
        using var model = TrainableModel.Load(options);
        if (model.Parameters.Sha256() != configuration.BaseWeightsSha256)
        {
            throw new InvalidInputException($"'{options.Model}' has other weights than when the run started; those with SHA-256 {configuration.BaseWeightsSha256} were expected.");
        }

        using var optimizer = TrainableModel.CreateOptimizer(options, model);
        foreach (var record in content.Records.Take((int)last))
        {
            optimizer.Apply(record, backend);
        }

        if (output is not null)
        {
            model.SaveTrained(output);
        }

        return new Replay(last, model.Parameters.Sha256());
    }
}
