using IlZo.Backends;
using IlZo.Functions;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Tasks;
using IlZo.Tensors;

namespace IlZo.Training;

/// <summary>What one trial of a comparison or a sweep trains.</summary>
internal abstract class TrialSubject : IDisposable
{
    /// <summary>The weights.</summary>
    public abstract ParameterSet Parameters { get; }

    /// <summary>Forward passes of training so far.</summary>
    public abstract long ForwardPasses { get; }

    /// <summary>The optimizer of this trial, or of another one with the same start.</summary>
    public abstract Optimizer CreateOptimizer(TrainingOptions options);

    /// <summary>The losses of a step.</summary>
    public abstract ILossOracle Oracle(long step);

    /// <summary>How good the weights are, on the test examples too or not; its forward passes do not count.</summary>
    public abstract TrialPoint Measure(long step, bool withTest, CancellationToken cancellation);

    public abstract void Dispose();
}

/// <summary>A language model on a task. Weights are read anew for each run; the operating system has the file in memory.</summary>
/// <param name="options">The trial's settings, resolved.</param>
/// <param name="model">The model, which is disposed with this object.</param>
/// <param name="backend">What runs forwards.</param>
/// <param name="examples">The task's examples.</param>
internal sealed class ModelSubject(
    TrainingOptions options, LanguageModel model, IBackend backend, TrainingExamples examples) : TrialSubject
{
    private readonly LossEvaluator _evaluator = NewEvaluator(options, model, backend, examples);
    private readonly DataOrder _order = new(options.Seed, examples.Train.Count, options.BatchSize!.Value);

    public override ParameterSet Parameters => model.Parameters;

    /// <summary>The task's examples.</summary>
    public TrainingExamples Examples => examples;

    public override long ForwardPasses => _evaluator.ForwardPasses;

    /// <summary>Loads what a trial trains.</summary>
    /// <param name="options">Its settings, resolved.</param>
    /// <param name="backend">What runs forwards.</param>
    /// <param name="machine">The memory that there is.</param>
    /// <param name="examples">The examples, where they are known.</param>
    /// <param name="cancellation">Ends the work between two tensors or examples.</param>
    /// <exception cref="InvalidInputException">The model or the data cannot be used, or there is not enough memory.</exception>
    public static ModelSubject Load(
        TrainingOptions options, IBackend backend, MachineMemory machine, TrainingExamples? examples, CancellationToken cancellation)
    {
        var memory = MemoryCheck.Begin(options, machine);
        var model = TrainableModel.Load(options, cancellation: cancellation);
        try
        {
            examples ??= TrainingExamples.Load(options, model, ModelLoader.Tokenizer(model.Checkpoint), cancellation);
            memory.End(model, examples);
            return new ModelSubject(options, model, backend, examples);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    public override Optimizer CreateOptimizer(TrainingOptions trial) => TrainableModel.CreateOptimizer(trial, model);

    public override ILossOracle Oracle(long step) =>
        options.OracleOf(new TrainingStep(model, backend, new StepOracle(_evaluator, examples, _order, options.BatchSize!.Value, step)));

    public override TrialPoint Measure(long step, bool withTest, CancellationToken cancellation)
    {
        var evaluator = NewEvaluator(options, model, backend, examples);
        var dev = evaluator.Evaluate(examples.Dev, cancellation);
        var test = withTest ? evaluator.Evaluate(examples.Test, cancellation) : null;
        return new TrialPoint(ForwardPasses, step, dev.Loss, dev.Accuracy, test?.Loss, test?.Accuracy);
    }

    /// <summary>The loss on some examples; its forward passes do not count.</summary>
    public double LossOf(IReadOnlyList<EncodedExample> measured, CancellationToken cancellation) =>
        NewEvaluator(options, model, backend, examples).Evaluate(measured, cancellation).Loss;

    public override void Dispose() => model.Dispose();

    private static LossEvaluator NewEvaluator(TrainingOptions options, LanguageModel model, IBackend backend, TrainingExamples examples) =>
        new(model, backend, examples.Objective, TrainingOptions.ParseObjective(options.Objective), examples.Answers, examples.Metrics);
}

/// <summary>
/// A test function, whose value stands in the place of the dev loss. A run that was below the function's floor stays there: steeper and
/// steeper slopes would throw it about.
/// </summary>
internal sealed class FunctionSubject : TrialSubject
{
    private readonly TestFunction _function;
    private readonly FunctionSpace _space;
    private readonly ILossOracle _oracle;
    private bool _hasLeft;

    /// <param name="function">The function.</param>
    /// <param name="dimension">How many variables it has.</param>
    /// <param name="backend">What updates the variables.</param>
    public FunctionSubject(TestFunction function, int dimension, IBackend backend)
    {
        _function = function;
        _space = FunctionSpace.Of(dimension);
        _oracle = _space.Oracle(Value, backend, function.Gradient is null ? null : Gradient);
        for (int i = 0; i < dimension; i++)
        {
            _space.Weights[i] = (float)function.Start(i);
        }
    }

    public override ParameterSet Parameters => _space.Parameters;

    public override long ForwardPasses => _space.Evaluations;

    public override Optimizer CreateOptimizer(TrainingOptions options) =>
        options.Method.Create(options.ToSettings(Parameters) with { OpenBase = _space.OpenBase });

    public override ILossOracle Oracle(long step) => _oracle;

    public override TrialPoint Measure(long step, bool withTest, CancellationToken cancellation) =>
        new(ForwardPasses, step, _space.At(Value, Perturbations.Probe.Unperturbed), null, null, null);

    public override void Dispose() => _space.Dispose();

    private double[] Gradient(double[] x) => _hasLeft ? new double[x.Length] : _function.Gradient!(x);

    private double Value(double[] x)
    {
        double value = _hasLeft ? _function.Floor : _function.Value(x);
        _hasLeft |= value < _function.Floor;
        return _hasLeft ? _function.Floor : value;
    }
}
