using IlZo.Backends;
using IlZo.Perturbations;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// A method. It decides a step from losses at points of its choice and records the decision as numbers; the change to the weights and to
/// the method's own state follows from that record alone. Training, resuming and replaying a run therefore use the same code, and what a
/// method has learned is rebuilt from the log.
/// </summary>
/// <remarks>
/// Not thread-safe: calling <see cref="Decide"/> or <see cref="Apply"/> during another call, including from the oracle, throws
/// <see cref="InvalidOperationException"/>, and after <see cref="Dispose()"/> <see cref="ObjectDisposedException"/>. The method's resources
/// are released when the call in progress ends.
/// </remarks>
public abstract class Optimizer : IDisposable
{
    private readonly UseGuard _use;

    /// <summary>A method that has not changed anything yet.</summary>
    protected Optimizer() => _use = new UseGuard(GetType().Name, () => Dispose(true));

    /// <summary>Bytes of state that the method keeps in addition to the weights.</summary>
    public virtual long StateBytes => 0;

    /// <summary>Bytes of state that the method keeps in addition to the weights on a device that cannot read the checkpoint.</summary>
    public virtual long DeviceBytes => StateBytes;

    /// <summary>Whether a step can do without the losses of some queries.</summary>
    internal virtual bool AveragesQueries => false;

    /// <summary>Decides a step. If a number is not finite, the step is skipped and changes nothing.</summary>
    /// <param name="step">The step, counted from 1.</param>
    /// <param name="oracle">Evaluates losses at the weights left by the previous steps.</param>
    /// <param name="learningRate">The rate of this step.</param>
    public StepRecord Decide(long step, ILossOracle oracle, double learningRate)
    {
        using var use = _use.Enter();
        var recorder = new Recorder(oracle);
        double[] coefficients = Evaluate(step, recorder, learningRate);
        bool skipped = !recorder.Losses.TrueForAll(l => double.IsFinite(l) || StepRecord.IsNotEvaluated(l))
            || !Array.TrueForAll(coefficients, double.IsFinite);
        return new StepRecord
        {
            Step = step,
            Skipped = skipped,
            LearningRate = learningRate,
            Losses = [.. recorder.Losses],
            Coefficients = skipped ? [] : coefficients,
        };
    }

    /// <summary>Changes the weights and the method's own state according to the record.</summary>
    public void Apply(StepRecord record, IBackend backend)
    {
        using var use = _use.Enter();
        if (record.Skipped)
        {
            return;
        }

        if (backend.PutsUpdatesOff && DeferUpdate(record, backend) is { } update)
        {
            backend.UpdateAll([update]);
        }
        else
        {
            Update(record, backend);
        }
    }

    /// <summary>
    /// Changes the method's own state according to a record that is not skipped and returns how the weights change, where that follows
    /// from records alone. Returns null, and changes nothing, where the method has to see the weights that the change leads to.
    /// </summary>
    internal WeightUpdate? Defer(StepRecord record, IBackend backend)
    {
        using var use = _use.Enter();
        return DeferUpdate(record, backend);
    }

    /// <summary>Changes the weights as returned by <see cref="Defer"/>, in the order of the records.</summary>
    internal void ApplyDeferred(IReadOnlyList<WeightUpdate> deferred, IBackend backend, CancellationToken cancellation)
    {
        using var use = _use.Enter();
        backend.UpdateAll(deferred, cancellation);
    }

    /// <summary>Numbers for logs that show what the method has learned up to a step, with names in snake case.</summary>
    public virtual IReadOnlyList<(string Name, double Value)> Diagnostics(long step) => [];

    /// <summary>The scalar that represents the gradient in logs.</summary>
    public virtual double ProjectedGradient(StepRecord record) => record.Coefficients.Sum();

    /// <summary>Releases the method's resources; during a call, when it ends.</summary>
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

    /// <summary>Changes the weights and the method's own state according to a record that is not skipped.</summary>
    protected abstract void Update(StepRecord record, IBackend backend);

    /// <inheritdoc cref="Defer"/>
    internal virtual WeightUpdate? DeferUpdate(StepRecord record, IBackend backend) => null;

    /// <summary>Releases the method's resources.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }

    private sealed class Recorder(ILossOracle oracle) : ILossOracle
    {
        public List<double> Losses { get; } = [];

        public IWeightSums Sums => oracle.Sums;

        public bool HasDerivatives => oracle.HasDerivatives;

        double[] ILossOracle.Losses(IReadOnlyList<Probe> probes, int draw)
        {
            RequireDerivatives(probes);
            return Keep(probes, oracle.Losses(probes, draw));
        }

        double[] ILossOracle.LossesOfAll(IReadOnlyList<Probe> probes)
        {
            RequireDerivatives(probes);
            return Keep(probes, oracle.LossesOfAll(probes));
        }

        double ILossOracle.Loss(IInputObserver observer)
        {
            double loss = oracle.Loss(observer);
            Losses.Add(loss);
            return loss;
        }

        // Losses that know nothing of derivatives would take the probe for two points.
        private void RequireDerivatives(IReadOnlyList<Probe> probes)
        {
            if (HaveDerivative(probes) && !HasDerivatives)
            {
                throw new InvalidInputException(
                    "The method takes derivatives, and these losses have none; a method of losses alone was expected.");
            }
        }

        // Without the derivatives, which are no losses.
        private double[] Keep(IReadOnlyList<Probe> probes, double[] losses)
        {
            if (!HaveDerivative(probes))
            {
                Losses.AddRange(losses);
                return losses;
            }

            int at = 0;
            foreach (var probe in probes)
            {
                Losses.AddRange(losses.AsSpan(at, probe.IsDerivative ? 1 : probe.Points));
                at += probe.Points;
            }

            return losses;
        }

        private static bool HaveDerivative(IReadOnlyList<Probe> probes)
        {
            for (int i = 0; i < probes.Count; i++)
            {
                if (probes[i].IsDerivative)
                {
                    return true;
                }
            }

            return false;
        }
    }
}
