using IlZo.Reporting;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Reporting;

public sealed class LiveReportTests : IDisposable
{
    private static readonly TrainingOptions s_options = new()
    {
        Model = TestData.Path("models", "stories260K"),
        Task = "sst2",
        Steps = 6,
        BatchSize = 2,
        TrainSize = 8,
        DevSize = 3,
        TestSize = 3,
        EvalEvery = 2,
        LearningRate = 1e-4,
    };

    private readonly TempFolder _temp = new();
    private readonly List<string> _notices = [];

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void The_page_is_there_from_the_first_step_and_ends_as_one_that_is_made_afterwards()
    {
        var folder = new RunFolder(_temp["run"]);
        bool wasThere = true;
        var report = new LiveReport(
            new Listener(value => wasThere &= value is not TrainingProgress.Step { Record.Step: > 1 } || File.Exists(folder.ReportFile)),
            _notices.Add);
        Trainer.Train(s_options, folder, progress: report);
        report.End();
        Assert.True(wasThere);
        Assert.Empty(_notices);
        Assert.Equal(HtmlReport.Of(RunReport.Of(RunReport.Read([(folder, "run")]))), File.ReadAllText(folder.ReportFile));
        Assert.DoesNotContain(Directory.GetFiles(folder.FullPath), f => f.Contains(".tmp-", StringComparison.Ordinal));
    }

    [Fact]
    public void A_resumed_run_has_a_page_of_all_its_steps()
    {
        var folder = new RunFolder(_temp["run"]);
        Trainer.Train(s_options, folder);
        var report = new LiveReport(null, _notices.Add);
        Trainer.Train(s_options with { Steps = 9 }, folder, new ResumePolicy(), report);
        report.End();
        Assert.Empty(_notices);
        Assert.Equal(HtmlReport.Of(RunReport.Of(RunReport.Read([(folder, "run")]))), File.ReadAllText(folder.ReportFile));
    }

    [Fact]
    public void A_page_that_cannot_be_written_is_told_once_and_changes_nothing()
    {
        var folder = new RunFolder(_temp["run"]);
        var report = new LiveReport(
            new Listener(value =>
            {
                if (value is TrainingProgress.Started)
                {
                    Directory.CreateDirectory(folder.ReportFile);
                }
            }),
            _notices.Add);
        var result = Trainer.Train(s_options, folder, progress: report);
        report.End();
        Assert.Single(_notices);
        Assert.StartsWith("there is no report of this run: ", _notices[0], StringComparison.Ordinal);
        Assert.Equal(Trainer.Train(s_options, new RunFolder(_temp["other"])).WeightsSha256, result.WeightsSha256);
    }

    [Fact]
    public void Metrics_that_others_change_meanwhile_are_no_failure_of_the_run()
    {
        var folder = new RunFolder(_temp["run"]);
        var report = new LiveReport(
            new Listener(value =>
            {
                if (value is TrainingProgress.Step { Record.Step: 1 })
                {
                    File.WriteAllText(folder.MetricsFile, "nonsense\n");
                }
            }),
            _notices.Add);
        Trainer.Train(s_options, folder, progress: report);
        report.End();
        Assert.Contains("metrics.jsonl:1: got text that is not JSON", Assert.Single(_notices), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_was_refused_leaves_the_page_of_the_one_that_is_there()
    {
        var folder = new RunFolder(_temp["run"]);
        Trainer.Train(s_options, folder);
        var report = new LiveReport(null, _notices.Add);
        Assert.Throws<InvalidInputException>(() => Trainer.Train(s_options, folder, progress: report));
        report.End();
        Assert.False(File.Exists(folder.ReportFile));
        Assert.Empty(_notices);
    }

    [Fact]
    public void The_clock_says_what_time_was_spent_on()
    {
        var folder = new RunFolder(_temp["run"]);
        var result = Trainer.Train(s_options, folder);
        var times = RunTimes.Read(folder.ClockFile);
        Assert.True(times.AreSplit);
        RunPhase[] phases = Enum.GetValues<RunPhase>();
        Assert.All(phases.Except([RunPhase.Other]), phase => Assert.True(times[phase] > 0, $"{phase}"));
        Near.Equal(times.Seconds, phases.Sum(phase => times[phase]), 0.01);
        Assert.True(times.Seconds >= result.Seconds);

        Trainer.Train(s_options with { Steps = 8 }, folder, new ResumePolicy());
        var later = RunTimes.Read(folder.ClockFile);
        Assert.All(phases.Except([RunPhase.Other]), phase => Assert.True(later[phase] > times[phase], $"{phase}"));
    }

    [Fact]
    public void The_clock_of_an_earlier_version_says_how_long_and_not_on_what()
    {
        File.WriteAllText(_temp["clock.json"], "{\"seconds\":           12.500}\n");
        var times = RunTimes.Read(_temp["clock.json"]);
        Assert.Equal((12.5, false), (times.Seconds, times.AreSplit));
        RunClock.Open(_temp["clock.json"], new System.Diagnostics.Stopwatch()).Dispose();
        Assert.Equal(12.5, RunTimes.Read(_temp["clock.json"]).Seconds);
    }

    private sealed class Listener(Action<TrainingProgress> onReport) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => onReport(value);
    }
}
