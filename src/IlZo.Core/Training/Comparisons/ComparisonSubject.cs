using IlZo.Backends;
using IlZo.Functions;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Tensors;

namespace IlZo.Training;

/// <summary>What one run of a comparison trains.</summary>
internal abstract class ComparisonSubject : IDisposable
{
    /// <summary>The weights.</summary>
    public abstract ParameterSet Parameters { get; }

    /// <summary>Forward passes of training so far.</summary>
    public abstract long ForwardPasses { get; }

    /// <summary>The run's optimizer.</summary>
    public abstract Optimizer CreateOptimizer();

    /// <summary>The losses of a step.</summary>
    public abstract ILossOracle Oracle(long step);

    /// <summary>How good the weights are; its forward passes do not count.</summary>
    public abstract ComparisonPoint Measure(long step, CancellationToken cancellation);

    public abstract void Dispose();
}

/// <summary>A language model on a task. Weights are read anew for each run; the operating system has the file in memory.</summary>
/// <param name="options">The run, resolved.</param>
/// <param name="model">The model, which is disposed with this object.</param>
/// <param name="backend">What runs forwards.</param>
/// <param name="examples">The task's examples.</param>
internal sealed class ModelSubject(
    TrainingOptions options, LanguageModel model, IBackend backend, TrainingExamples examples) : ComparisonSubject
{
    private readonly LossEvaluator _evaluator = NewEvaluator(options, model, backend, examples);
    private readonly DataOrder _order = new(options.Seed, examples.Train.Count, options.BatchSize!.Value);

    public override ParameterSet Parameters => model.Parameters;

    public override long ForwardPasses => _evaluator.ForwardPasses;

    public override Optimizer CreateOptimizer() => TrainableModel.CreateOptimizer(options, model);

    public override ILossOracle Oracle(long step) =>
        options.OracleOf(new TrainingStep(model, backend, new StepOracle(_evaluator, examples, _order, options.BatchSize!.Value, step)));

    public override ComparisonPoint Measure(long step, CancellationToken cancellation)
    {
        var evaluator = NewEvaluator(options, model, backend, examples);
        var dev = evaluator.Evaluate(examples.Dev, cancellation);
        var test = evaluator.Evaluate(examples.Test, cancellation);
        return new ComparisonPoint(ForwardPasses, step, dev.Loss, dev.Accuracy, test.Loss, test.Accuracy);
    }

    public override void Dispose() => model.Dispose();

    private static LossEvaluator NewEvaluator(TrainingOptions options, LanguageModel model, IBackend backend, TrainingExamples examples) =>
        new(model, backend, examples.Objective, TrainingOptions.ParseObjective(options.Objective), examples.Answers, examples.Metrics);
}

/// <summary>
/// A test function, whose value stands in the place of the dev loss. A run that was below the function's floor stays there: steeper and
/// steeper slopes would throw it about.
/// </summary>
internal sealed class FunctionSubject : ComparisonSubject
{
    private readonly TrainingOptions _options;
    private readonly TestFunction _function;
    private readonly FunctionSpace _space;
    private readonly ILossOracle _oracle;
    private bool _hasLeft;

    /// <param name="options">The run.</param>
    /// <param name="function">The function.</param>
    /// <param name="dimension">How many variables it has.</param>
    /// <param name="backend">What updates the variables.</param>
    public FunctionSubject(TrainingOptions options, TestFunction function, int dimension, IBackend backend)
    {
        _options = options;
        _function = function;
        _space = FunctionSpace.Of(dimension);
        _oracle = _space.Oracle(Value, backend);
        for (int i = 0; i < dimension; i++)
        {
            _space.Weights[i] = (float)function.Start(i);
        }
    }

    public override ParameterSet Parameters => _space.Parameters;

    public override long ForwardPasses => _space.Evaluations;

    public override Optimizer CreateOptimizer() =>
        _options.Method.Create(_options.ToSettings(Parameters) with { OpenBase = _space.OpenBase });

    public override ILossOracle Oracle(long step) => _oracle;

    public override ComparisonPoint Measure(long step, CancellationToken cancellation) =>
        new(ForwardPasses, step, _space.At(Value, Perturbations.Probe.Unperturbed), null, null, null);

    public override void Dispose() => _space.Dispose();

    private double Value(double[] x)
    {
        double value = _hasLeft ? _function.Floor : _function.Value(x);
        _hasLeft |= value < _function.Floor;
        return _hasLeft ? _function.Floor : value;
    }
}
