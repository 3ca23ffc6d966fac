using IlZo.Backends;
using IlZo.Perturbations;

namespace IlZo.Optimizers;

/// <summary>
/// A method. It decides a step from losses at points of its choice and writes the decision down as numbers; what then happens to
/// the weights, and to all that the method remembers, follows from that record alone. So training, continuing and replaying a run
/// are the same code, and what a method has learned is rebuilt from the log.
/// </summary>
/// <remarks>
/// Not thread-safe: a <see cref="Decide"/> or <see cref="Apply"/> during another, out of the oracle too, throws
/// <see cref="InvalidOperationException"/>, and after <see cref="Dispose()"/> <see cref="ObjectDisposedException"/>. What the method holds
/// is given back when the call in progress ends.
/// </remarks>
public abstract class Optimizer : IDisposable
{
    private readonly UseGuard _use;

    /// <summary>A method that has not changed anything yet.</summary>
    protected Optimizer() => _use = new UseGuard(GetType().Name, () => Dispose(true));

    /// <summary>Bytes that the method keeps beside the weights.</summary>
    public virtual long StateBytes => 0;

    /// <summary>Bytes that the method keeps beside the weights on a device that cannot read the checkpoint.</summary>
    public virtual long DeviceBytes => StateBytes;

    /// <summary>What a step does. A number that is not finite makes the step a skipped one, which changes nothing.</summary>
    /// <param name="step">The step, counted from 1.</param>
    /// <param name="oracle">Evaluates losses at the weights as they are after the steps before.</param>
    /// <param name="learningRate">The rate of this step.</param>
    public StepRecord Decide(long step, ILossOracle oracle, double learningRate)
    {
        using var use = _use.Enter();
        var recorder = new Recorder(oracle);
        double[] coefficients = Evaluate(step, recorder, learningRate);
        bool skipped = !recorder.Losses.TrueForAll(double.IsFinite) || !Array.TrueForAll(coefficients, double.IsFinite);
        return new StepRecord
        {
            Step = step,
            Skipped = skipped,
            LearningRate = learningRate,
            Losses = [.. recorder.Losses],
            Coefficients = skipped ? [] : coefficients,
        };
    }

    /// <summary>Changes the weights, and what the method remembers, as the record says.</summary>
    public void Apply(StepRecord record, IBackend backend)
    {
        using var use = _use.Enter();
        if (!record.Skipped)
        {
            Update(record, backend);
        }
    }

    /// <summary>Numbers that show what the method has learned up to a step, for logs; names in snake case.</summary>
    public virtual IReadOnlyList<(string Name, double Value)> Diagnostics(long step) => [];

    /// <summary>The scalar that stands for the gradient in logs.</summary>
    public virtual double ProjectedGradient(StepRecord record) => record.Coefficients.Sum();

    /// <summary>Gives back what the method holds; during a call, when that ends.</summary>
    public void Dispose()
    {
        _use.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The numbers that decide a step: <see cref="StepRecord.Coefficients"/>.</summary>
    /// <param name="step">The step, counted from 1.</param>
    /// <param name="oracle">Evaluates losses, and keeps them for the record.</param>
    /// <param name="learningRate">The rate of this step.</param>
    protected abstract double[] Evaluate(long step, ILossOracle oracle, double learningRate);

    /// <summary>Changes the weights, and what the method remembers, as a record says that is not skipped.</summary>
    protected abstract void Update(StepRecord record, IBackend backend);

    /// <summary>Gives back what the method holds.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }

    private sealed class Recorder(ILossOracle oracle) : ILossOracle
    {
        public List<double> Losses { get; } = [];

        public IWeightSums Sums => oracle.Sums;

        double[] ILossOracle.Losses(IReadOnlyList<Probe> probes, int draw) => Keep(oracle.Losses(probes, draw));

        double[] ILossOracle.LossesOfAll(IReadOnlyList<Probe> probes) => Keep(oracle.LossesOfAll(probes));

        private double[] Keep(double[] losses)
        {
            Losses.AddRange(losses);
            return losses;
        }
    }
}
