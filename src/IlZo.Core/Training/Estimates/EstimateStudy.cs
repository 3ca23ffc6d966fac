using IlZo.Backends;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Training;

/// <summary>Measures gradient estimates of several methods at the weights of a model, on one batch.</summary>
internal sealed class EstimateStudy
{
    // Directions of the reference for each draw of a method: all methods are held against it, so its error should be the smaller one.
    private const int ReferenceDraws = 4;

    // Of a radius: differences over it have a hundredth of the smoothing bias, and their rounding is still far below them.
    private const double Fine = 0.1;

    private const int Blocks = 10;

    private readonly EstimateOptions _options;
    private readonly TrialSubject _subject;
    private readonly IBackend _backend;
    private readonly ILossOracle _oracle;
    private readonly CancellationToken _cancellation;
    private readonly double _radius;

    private EstimateStudy(EstimateOptions options, TrialSubject subject, IBackend backend, CancellationToken cancellation)
    {
        (_options, _subject, _backend, _cancellation) = (options, subject, backend, cancellation);
        _oracle = subject.Oracle(1);
        _radius = Fine * Presets.Resolve(options.Training with { Optimizer = "mezo", Opt = "" }).Epsilon!.Value;
    }

    private IReadOnlyList<Parameter> Trained => _subject.Parameters.Trained;

    /// <summary>Measures.</summary>
    /// <param name="options">What to measure.</param>
    /// <param name="progress">Told each method when it is done.</param>
    /// <param name="cancellation">Ends the work between two draws.</param>
    /// <param name="backends">Opens the device; null for the CPU alone.</param>
    /// <exception cref="InvalidInputException">The model or the data cannot be used, or a method does not fit the model.</exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public static EstimateReport Run(
        EstimateOptions options, IProgress<MeasuredEstimate>? progress, CancellationToken cancellation, BackendFactory? backends)
    {
        options.Validate();
        string asked = options.Training.Model;
        options = options with { Training = options.Training.WithResultOfRun() };
        using var backend = TrialRunner.Open(options.Training, backends);
        var mezo = options.Of("mezo").With(backend.Engine);
        using TrialSubject subject = options.Function is { } function
            ? new FunctionSubject(function, options.Dimension, backend)
            : ModelSubject.Load(mezo, backend, MachineMemory.Of(backend), null, cancellation);
        backend.Load(subject.Parameters, cancellation);
        string name = options.Function is { } f
            ? FormattableString.Invariant($"{f.Name} of {options.Dimension} variables")
            : $"{asked}, {mezo.Task}";
        return new EstimateStudy(options, subject, backend, cancellation).Run(name, progress);
    }

    private EstimateReport Run(string subject, IProgress<MeasuredEstimate>? progress)
    {
        foreach (string name in _options.Optimizers)
        {
            Create(name, 1).Dispose();
        }

        double loss = _oracle.Losses([Probe.Unperturbed])[0];
        var gradient = GradientSquare(_options.Draws * ReferenceDraws, null);
        var byPart = Trained.Select(PartOf).Distinct().Select(part => (part, GradientSquare(_options.Draws, part))).ToArray();
        var methods = new List<MeasuredEstimate>();
        foreach (string name in _options.Optimizers)
        {
            methods.Add(Measure(name, gradient));
            progress?.Report(methods[^1]);
        }

        return new EstimateReport(subject, _options.Draws, _subject.Parameters.TrainedCount, loss, gradient, byPart, methods);
    }

    // A method whose radius is a multiple of what it is by default or by the user's choice.
    private Optimizer Create(string name, double radii)
    {
        var options = _options.Of(name).With(_backend.Engine);
        return _subject.CreateOptimizer(options with { Epsilon = options.Epsilon * radii });
    }

    // What is told apart: parts of a model, or up to ten blocks of a function's variables, which lie in a tensor or several each.
    private string PartOf(Parameter tensor) => _options.Function is null
        ? tensor.Role.Part.Word()
        : FormattableString.Invariant($"block {1 + ((long)tensor.Index * Math.Min(Blocks, Trained.Count) / Trained.Count)}");

    // E[(gᵀz)²], or of the tensors of a part alone. Their noise is not that of any method.
    private SampleMean GradientSquare(int draws, string? part)
    {
        float[] mask = [.. Trained.Select(p => part is null || PartOf(p) == part ? 1f : 0f)];
        double[] squares = new double[draws];
        for (int i = 0; i < draws; i++)
        {
            _cancellation.ThrowIfCancellationRequested();
            var z = new GaussianDirection(new NoiseKey(_options.Training.Seed, NoiseStream.Initialization, (uint)i, 1));
            double slope = Slope(new ScaledDirection(z, mask), _radius);
            squares[i] = slope * slope;
        }

        return SampleMean.Of(squares);
    }

    // The derivative along a direction: exact where there are derivatives, else a difference.
    private double Slope(Direction direction, double radius)
    {
        if (_oracle.HasDerivatives)
        {
            return _oracle.Losses([Probe.Derivative(direction)])[1];
        }

        double[] losses = _oracle.Losses([Probe.Pair(direction, radius)]);
        return (losses[0] - losses[1]) / (2 * radius);
    }

    private MeasuredEstimate Measure(string name, SampleMean gradient)
    {
        var (atRadius, passes) = Draws(name, 1);
        var (atFine, _) = Draws(name, Fine);
        (Draw At, Draw Fine)[] pairs = [.. atRadius.Zip(atFine).Where(p => p is (not null, not null)).Select(p => (p.First!, p.Second!))];
        double epsilon = _options.Of(name).Epsilon!.Value;
        int skipped = _options.Draws - pairs.Length;
        if (pairs.Length < 2)
        {
            return new MeasuredEstimate(
                name, epsilon, passes, SampleMean.Unknown, SampleMean.Unknown, SampleMean.Unknown, SampleMean.Unknown, double.NaN,
                [.. Trained.Select(PartOf).Distinct().Select(part => (part, double.NaN))], skipped);
        }

        double norm = Math.Sqrt(gradient.Value);
        var along = SampleMean.Of([.. pairs.Select(p => p.At.Slope)]);
        var square = SampleMean.Of([.. pairs.Select(p => p.At.Squares.Sum())]);
        double gain = along.Value * along.Value / (square.Value * gradient.Value) / passes * (2 * (_subject.Parameters.TrainedCount + 2.0));
        double all = pairs.Sum(p => p.At.Squares.Sum());
        return new MeasuredEstimate(
            name,
            epsilon,
            passes,
            along.Over(gradient),
            SampleMean.Of([.. pairs.Select(p => p.At.Slope - p.Fine.Slope)]).Over(gradient.Value),
            square.Over(gradient),
            SampleMean.Of([.. pairs.Select(p => p.At.Slope / Math.Sqrt(p.At.Squares.Sum()) / norm)]),
            gain,
            [
                .. Trained.GroupBy(PartOf).Select(
                    part => (part.Key, pairs.Sum(p => part.Sum(tensor => p.At.Squares[tensor.Index])) / all)),
            ],
            skipped);
    }

    // The estimates of a method, null where there is none, and the forward passes of one.
    private (Draw?[] Draws, double Passes) Draws(string name, double radii)
    {
        using var optimizer = Create(name, radii);
        var draws = new Draw?[_options.Draws];
        double rate = _options.Of(name).LearningRate!.Value;
        Draw? current = null;

        // Directions hold until the method has learned from the step, so that a sum is measured with each part of it.
        var (covered, terms) = (new HashSet<Parameter>(), new List<(double, Direction)>());
        using var recorder = new EstimateRecorder(_backend, (parameters, estimate) =>
        {
            covered.UnionWith(parameters);
            terms.AddRange(estimate.Terms);
            current = Of([.. covered], new GradientEstimate([.. terms]));
        });
        long passes = 0;
        for (int step = 1; step <= _options.Draws; step++)
        {
            _cancellation.ThrowIfCancellationRequested();
            current = null;
            covered.Clear();
            terms.Clear();
            long before = _subject.ForwardPasses;
            var record = optimizer.Decide(step, _oracle, rate);
            passes += _subject.ForwardPasses - before;
            optimizer.Apply(record, recorder);
            draws[step - 1] = current;
        }

        return (draws, (double)passes / _options.Draws);
    }

    // Nothing is known of an estimate of length 0.
    private Draw? Of(IReadOnlyList<Parameter> covered, GradientEstimate estimate)
    {
        double[] squares = new double[Trained.Count];
        var sum = new SumDirection(estimate.Terms);
        foreach (var (parameter, rows) in covered.Zip(_backend.RowSquares(covered, sum)))
        {
            squares[parameter.Index] = rows.Sum();
        }

        // As far as along a Gaussian direction.
        double length = Math.Sqrt(squares.Sum());
        double slope = length > 0 ? Slope(sum, _radius * Math.Sqrt(_subject.Parameters.TrainedCount) / length) : double.NaN;
        return double.IsFinite(slope) ? new Draw(slope, squares) : null;
    }

    // gᵀĝ, and ‖ĝ‖² by tensor.
    private sealed record Draw(double Slope, double[] Squares);
}
