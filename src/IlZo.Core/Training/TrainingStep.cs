using IlZo.Backends;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Tasks;

namespace IlZo.Training;

/// <summary>What a program's own loss can use in a step: <see cref="TrainingOptions.Losses"/>.</summary>
public sealed class TrainingStep
{
    private readonly StepOracle _oracle;

    internal TrainingStep(LanguageModel model, IBackend backend, StepOracle oracle) => (Model, Backend, _oracle) = (model, backend, oracle);

    /// <summary>The step, counted from 1.</summary>
    public long Number => _oracle.Step;

    /// <summary>The model. Its weights do not change during a step; a probe says where they are read.</summary>
    public LanguageModel Model { get; }

    /// <summary>The device.</summary>
    public IBackend Backend { get; }

    /// <summary>The losses of the task, whose forward passes the run counts.</summary>
    public ILossOracle OfTask => _oracle;

    /// <summary>The examples of a batch.</summary>
    /// <param name="draw">Which of the step's batches: 0 is the one it trains on.</param>
    public IReadOnlyList<EncodedExample> Batch(int draw = 0) => _oracle.Batch(draw);
}
