using IlZo.Training;

namespace IlZo.Reporting;

/// <summary>A run as its folder shows it, for a report. It may go on meanwhile: reading again costs what has been added.</summary>
internal sealed class ReportedRun
{
    private readonly RunFolder _folder;
    private readonly MetricsReader _metrics;

    /// <param name="folder">The run.</param>
    /// <param name="name">What it is called.</param>
    /// <param name="capacity">How many buckets its series have (<see cref="DecimatedSeries"/>).</param>
    /// <exception cref="InvalidInputException">There is no run.</exception>
    public ReportedRun(RunFolder folder, string name, int capacity)
    {
        _folder = folder;
        _metrics = new MetricsReader(folder.MetricsFile);
        Name = name;
        Configuration = folder.ReadConfiguration();
        Curves = new RunCurves(capacity, Configuration.Options.Steps);
    }

    /// <summary>What it is called.</summary>
    public string Name { get; }

    /// <summary>Its configuration.</summary>
    public RunConfiguration Configuration { get; }

    /// <summary>What its metrics say.</summary>
    public RunCurves Curves { get; }

    /// <summary>What it came to; null while it has not ended.</summary>
    public RunOutcome? Outcome { get; private set; }

    /// <summary>What its time was spent on.</summary>
    public RunTimes Times { get; private set; } = RunTimes.None;

    /// <summary>The seconds that it has taken; null where an earlier version left no record of them.</summary>
    public double? Seconds => Times.Seconds > 0 ? Times.Seconds : Outcome?.Seconds;

    /// <summary>What it was computed by; null where an earlier version left no record.</summary>
    public RunEnvironment? Environment { get; private set; }

    /// <summary>What its model says before and after; null where an earlier version left no record, or none was asked for.</summary>
    public RunSamples? Samples { get; private set; }

    /// <summary>The number of its dev rows; null where there are none, or where the log does not say.</summary>
    public int? DevRows { get; private set; }

    /// <summary>Whether this process computes the run.</summary>
    public bool IsOfThisProcess { get; init; }

    /// <summary>The most memory that a process of the run held; null where that is not known yet.</summary>
    public long? PeakBytes => Outcome?.PeakRssBytes ?? (IsOfThisProcess ? ProcessMemory.PeakResidentBytes() : null);

    /// <summary>Reads what the run has come to.</summary>
    /// <exception cref="InvalidInputException">A file is missing, or is not as a run writes it.</exception>
    public void Read()
    {
        _metrics.Read(Curves.Add);
        Times = RunTimes.Read(_folder.ClockFile);
        Environment = RunEnvironment.Read(_folder.EnvironmentFile);
        Samples = RunSamples.Read(_folder.SamplesFile);

        // A run that has been resumed to do more steps has the result of those before.
        Outcome = RunOutcome.Read(_folder.ResultFile) is { } outcome && outcome.Steps == Curves.Step ? outcome : null;
        if (Curves.LastDev is not null && DevRows is null)
        {
            DevRows = _folder.ReadTrajectory()?.Entries.OfType<EvaluationEntry>().FirstOrDefault(
                e => e.Split == EvaluationSplit.Dev)?.Evaluation.Total;
        }
    }
}
