namespace IlZo.Reporting;

/// <summary>
/// What <c>metrics.jsonl</c> says of a run: its series, the work that was done, and the evaluations that a reader looks for first.
/// </summary>
/// <param name="capacity">How many buckets a series has (<see cref="DecimatedSeries"/>).</param>
/// <param name="steps">Steps of the whole run, which decide how much is smoothed.</param>
internal sealed class RunCurves(int capacity, int steps)
{
    /// <summary>The fields of a training step that are series of their own.</summary>
    public const string Loss = "loss";

    /// <inheritdoc cref="Loss"/>
    public const string ProjectedGradient = "projected_gradient";

    /// <inheritdoc cref="Loss"/>
    public const string LearningRate = "learning_rate";

    /// <summary>The loss of a dev evaluation.</summary>
    public const string DevLoss = "dev_loss";

    private const string ForwardPassesField = "forward_passes";
    private const string TokensField = "tokens";
    private const string SkippedField = "skipped";
    private const string ZeroShotLoss = "zero_shot_loss";

    // A run is smoothed over about the fiftieth part of it, and over 20 steps at least.
    private const int SmoothedParts = 50;
    private const int LeastSmoothed = 20;

    // More series than any method writes.
    private const int MostSeries = 64;

    private readonly Dictionary<string, DecimatedSeries> _series = [];
    private readonly ExponentialMean _meanLoss = new(1.0 / SmoothedSteps(steps));
    private readonly ExponentialMean _meanGradient = new(1.0 / SmoothedSteps(steps));

    /// <summary>The series by the names of their fields, in the order in which these were first written.</summary>
    public IReadOnlyDictionary<string, DecimatedSeries> Series => _series;

    /// <summary>The smoothed loss.</summary>
    public DecimatedSeries SmoothedLoss { get; } = new(capacity);

    /// <summary>The smoothed size of the projected gradient.</summary>
    public DecimatedSeries SmoothedGradient { get; } = new(capacity);

    /// <summary>How many steps were skipped up to each step.</summary>
    public DecimatedSeries Skipped { get; } = new(capacity);

    /// <summary>The last step.</summary>
    public long Step { get; private set; }

    /// <summary>Forward passes of training.</summary>
    public double ForwardPasses { get; private set; }

    /// <summary>Tokens that went through the model in training.</summary>
    public double Tokens { get; private set; }

    /// <summary>Steps whose loss was not finite.</summary>
    public long SkippedSteps { get; private set; }

    /// <summary>The evaluation on the test rows before the first step; null without them.</summary>
    public MetricsLine? ZeroShot { get; private set; }

    /// <summary>The first dev evaluation; null without dev rows.</summary>
    public MetricsLine? FirstDev { get; private set; }

    /// <summary>The dev evaluation with the lowest loss, the earliest of several; null where none is finite.</summary>
    public MetricsLine? BestDev { get; private set; }

    /// <summary>The last dev evaluation.</summary>
    public MetricsLine? LastDev { get; private set; }

    /// <summary>About how many steps a value is smoothed over, in a run of so many steps.</summary>
    public static int SmoothedSteps(int steps) => Math.Max(LeastSmoothed, steps / SmoothedParts);

    /// <summary>Takes in a line.</summary>
    public void Add(MetricsLine line)
    {
        if (line[ZeroShotLoss] is not null)
        {
            ZeroShot = Kept(line);
            return;
        }

        ForwardPasses = line[ForwardPassesField] ?? ForwardPasses;
        Tokens = line[TokensField] ?? Tokens;
        foreach (var field in line.Fields.Where(f => !f.IsFlag && f.Name is not (ForwardPassesField or TokensField)))
        {
            SeriesOf(field.Name)?.Add(new SeriesPoint(line.Step, ForwardPasses, field.Value));
        }

        if (line[DevLoss] is { } dev)
        {
            var kept = Kept(line);
            FirstDev ??= kept;
            BestDev = double.IsFinite(dev) && !(BestDev?[DevLoss] <= dev) ? kept : BestDev;
            LastDev = kept;
        }
        else if (line[Loss] is { } loss)
        {
            AddStep(line, loss);
        }
    }

    private static MetricsLine Kept(MetricsLine line) => line with { Fields = [.. line.Fields] };

    private void AddStep(MetricsLine line, double loss)
    {
        Step = line.Step;
        SkippedSteps += line[SkippedField] == 1 ? 1 : 0;
        Skipped.Add(Point(SkippedSteps));
        _meanLoss.Add(loss);
        SmoothedLoss.Add(Point(_meanLoss.Value));
        if (line[ProjectedGradient] is { } gradient)
        {
            _meanGradient.Add(Math.Abs(gradient));
            SmoothedGradient.Add(Point(_meanGradient.Value));
        }

        SeriesPoint Point(double value) => new(line.Step, ForwardPasses, value);
    }

    // Null beyond what is shown.
    private DecimatedSeries? SeriesOf(string name)
    {
        if (!_series.TryGetValue(name, out var series) && _series.Count < MostSeries)
        {
            _series[name] = series = new DecimatedSeries(capacity, byMagnitude: name == ProjectedGradient);
        }

        return series;
    }
}
