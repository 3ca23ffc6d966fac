using IlZo.Backends.Cpu;
using IlZo.Functions;
using IlZo.Tensors;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training.Trials;

public sealed class TrialQueueTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public void Jobs_change_neither_numbers_nor_their_order(int jobs)
    {
        var (alone, linesAlone) = Run(1);
        var (together, lines) = Run(jobs);
        Assert.Equal(Points(alone), Points(together));
        Assert.Equal(linesAlone, lines);

        // Among them runs beyond the grid that was asked for at first.
        Assert.True(lines.Count > Options(1).Runs);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void What_is_ended_in_between_goes_on_to_the_same_result(int jobs)
    {
        using var folder = new TempFolder();
        using var stop = new CancellationTokenSource();
        var progress = new Lines { Seen = count => Act(count == 7, stop.Cancel) };
        using (var journal = TrialJournal.Begin(folder.Path))
        {
            var cut = Comparison.Run(Options(jobs), progress, journal, stop.Token);
            Assert.True(cut.Interrupted);
            Assert.Empty(cut.Methods);
        }

        using var kept = TrialJournal.Resume(folder.Path);
        Assert.True(kept.Count >= 7);
        var whole = Comparison.Run(Options(jobs), journal: kept);
        Assert.False(whole.Interrupted);
        Assert.Equal(Points(Run(1).Report), Points(whole));
    }

    [Fact]
    public void Devices_share_the_threads_and_are_closed_if_one_is_not_there()
    {
        var opened = new List<CpuBackend>();
        var options = new ComparisonOptions(new TrainingOptions { Threads = 7 }, ["mezo"]) { Jobs = 3 };
        var error = Assert.Throws<InvalidInputException>(() => Comparison.Run(options, backends: (_, threads, _) =>
        {
            Assert.Equal(2, threads);
            opened.Add(opened.Count < 2 ? new CpuBackend(1) : throw new InvalidInputException("The third is not there."));
            return opened[^1];
        }));
        Assert.Equal("The third is not there.", error.Message);
        Assert.Equal(2, opened.Count);
        using var nothing = new ParameterSet([], []);
        Assert.All(opened, backend => Assert.Throws<ObjectDisposedException>(() => backend.Load(nothing)));
    }

    [Theory]
    [InlineData(0, null, "Jobs is 0; 1 to 1024 was expected.")]
    [InlineData(1025, null, "Jobs is 1025; 1 to 1024 was expected.")]
    [InlineData(2, "cuda:0", "Jobs is 2 with Device cuda:0, which does one run at a time; 1 was expected.")]
    public void A_number_of_jobs_is_refused(int jobs, string? device, string message)
    {
        var training = new TrainingOptions { Device = device, Threads = 1 };
        var comparison = new ComparisonOptions(training, ["mezo"]) { Jobs = jobs };
        Assert.Equal(message, Assert.Throws<InvalidInputException>(() => Comparison.Run(comparison)).Message);
        var sweep = new SweepOptions(training, [SweepAxis.Parse("lr", "1e-4,1e-3", (o, _) => o)]) { Jobs = jobs };
        Assert.Equal(message, Assert.Throws<InvalidInputException>(() => Sweep.Run(sweep)).Message);
    }

    private static (ComparisonReport Report, List<string> Lines) Run(int jobs)
    {
        var progress = new Lines();
        return (Comparison.Run(Options(jobs), progress), progress.Texts);
    }

    private static ComparisonOptions Options(int jobs) => new(new TrainingOptions(), ["mezo", "mezo-momentum", "fzoo"])
    {
        Function = TestFunction.Find("sphere"),
        Dimension = 20,
        Seeds = 3,
        ForwardPasses = 40,
        LearningRates = [1e-6, 1e-5],
        Widen = true,
        Jobs = jobs,
    };

    private static IEnumerable<TrialPoint> Points(ComparisonReport report) =>
        report.Methods.SelectMany(m => m.Runs).SelectMany(r => r.Points);

    private static void Act(bool when, Action action)
    {
        if (when)
        {
            action();
        }
    }

    private sealed class Lines : IProgress<ComparisonProgress>
    {
        public List<string> Texts { get; } = [];

        public Action<int> Seen { get; init; } = _ => { };

        public void Report(ComparisonProgress value)
        {
            if (value is ComparisonProgress.RunEnded { Method: var method, Run: var run })
            {
                Texts.Add(FormattableString.Invariant($"{method} {run.LearningRate:R} {run.Seed} {run.Points[^1].DevLoss:R}"));
                Seen(Texts.Count);
            }
        }
    }
}
