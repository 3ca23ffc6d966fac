using System.CommandLine;
using IlZo.Optimizers;
using IlZo.Reporting;
using IlZo.Training;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo sweep</c>.</summary>
internal static class SweepCommand
{
    private const string MethodOption = "opt.";

    // What a sweep decides for each training.
    private static readonly string[] s_ownOfTrainings = ["steps", "eval-every", "patience", "stop-on-divergence", "samples"];

    private static readonly IReadOnlyList<TrainingSetting> s_shared =
        [.. TrainingSetting.All.Where(s => !s_ownOfTrainings.Contains(s.Name))];

    private static readonly Option<string[]> s_vary = new("--vary")
    {
        Description = "A setting and its values, as in lr=1e-6,3e-6 or optimizer=mezo,lozo, or a range to draw from, as in lr=1e-7..1e-5; "
            + "opt.NAME for an option of the method; may be repeated.",
        HelpName = "NAME=VALUES",
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<string?> s_strategy = Flags.Text(
        "--strategy", string.Join('|', StrategyWords.Instance.All),
        "grid (all combinations, default), random, or halving (many for few passes, the best of them for more, round by round).");

    private static readonly Option<int?> s_trials = Flags.Number<int>(
        "--trials", "N", $"Combinations to draw (default: {SweepOptions.DefaultTrials}; all for halving without ranges).");

    private static readonly Option<int?> s_forwardPasses = Flags.Number<int>(
        "--forward-passes", "N", "Forward passes per training, of the last round for halving (default: 1000).");

    private static readonly Option<int?> s_seeds = Flags.Number<int>(
        "--seeds", "N", "Trainings per combination, with the seeds from --seed on (default: 1).");

    private static readonly Option<int?> s_eta = Flags.Number<int>(
        "--eta", "N", "Of how many combinations halving keeps one (default: 3).");

    private static readonly Option<uint?> s_sweepSeed = Flags.Number<uint>("--sweep-seed", "N", "Seed for what is drawn (default: 0).");

    private static readonly Option<int?> s_points = Flags.Number<int>(
        "--points", "N", "Evaluations per training, at equal distances in forward passes (default: 8).");

    private static readonly Option<string?> s_out = StudyFolder.OutFlag(SweepFiles.Names);
    private static readonly Option<bool> s_resume = StudyFolder.ResumeFlag("values or seeds");
    private static readonly Option<int?> s_jobs = StudyFolder.JobsFlag();
    private static readonly Option<string?> s_config = StudyFolder.ConfigFlag();
    private static readonly Option<bool> s_json = Flags.Json("Print the result as one JSON object.");

    public static Command Create()
    {
        var command = new Command(
            "sweep",
            "Train with many combinations of settings at equal forward passes, and write the best as best.json for 'train --config'. "
                + "Schedules and warm-up are measured in forward passes here.")
        {
            s_vary, s_strategy, s_trials, s_forwardPasses, s_seeds, s_eta, s_sweepSeed, s_points, s_out, s_resume, s_jobs, s_config,
            s_json,
        };
        foreach (var setting in s_shared)
        {
            command.Add(setting.Flag);
        }

        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var options = Options(parsed);
        options.Validate();
        using var folder = new StudyFolder(
            parsed.GetValue(s_out), parsed.GetValue(s_resume), [.. RunName.SubjectOf(options.Training), "sweep"], SweepFiles.Names);
        Terminal.Say($"model {options.Training.Model}, task {Presets.TaskOf(options.Training)}, {options.Combinations.Count} combinations, "
            + $"forward passes of each: {string.Join(", then ", options.Rounds)}{folder.DoneBefore}");
        using var interruption = Terminal.OnInterrupt();
        var report = Sweep.Run(
            options, new Progress(options.Rounds.Count > 1, folder.FullPath), folder.Journal, interruption.Token, Device.Open);
        if (report.Best is not null)
        {
            SweepFiles.Write(report, folder.FullPath);
        }

        if (report.Interrupted)
        {
            Terminal.Say($"ilzo: stopped; {folder.Continuation}");
            return Terminal.InterruptCode;
        }

        Terminal.Results.Write(parsed.GetValue(s_json) ? report.ToJson(indented: false) + "\n" : SweepFiles.Markdown(report));
        folder.SayResults(report.Notes, report.SkippedRows);
        if (report.Best!.Diverged)
        {
            Terminal.Say("ilzo: no combination ended below the dev loss that it began with; other values, lower rates first, may.");
            return Failure.Work;
        }

        Terminal.Say($"'ilzo train --config \"{Path.Combine(folder.FullPath, SweepFiles.BestFile)}\"' trains with the best.");
        return 0;
    }

    private static SweepOptions Options(ParseResult parsed)
    {
        SweepAxis[] axes = [.. (parsed.GetValue(s_vary) ?? []).Select(Axis)];
        var config = parsed.GetValue(s_config) is { } path
            ? TrainingConfigFile.ReadShared(path, parsed, _ => s_ownOfTrainings, "a sweep")
            : null;
        if (axes.FirstOrDefault(a => s_shared.Any(s => s.Name == a.Name && parsed.GetValue(s.Flag) is not null)) is { } twice)
        {
            throw new InvalidInputException($"--{twice.Name} and --vary {twice.Name} are both given; one of them was expected.");
        }

        // The options of an adapter belong to one that is varied, too.
        string? adapter = axes.FirstOrDefault(a => a.Name == "adapter")?.Values.FirstOrDefault();
        var defaults = new SweepOptions(TrainingSetting.Resolve(parsed, s_shared, config, adapter), axes);
        return defaults with
        {
            Strategy = parsed.GetValue(s_strategy) is { } strategy ? StrategyWords.Instance.Parse(strategy) : defaults.Strategy,
            Trials = parsed.GetValue(s_trials),
            ForwardPasses = parsed.GetValue(s_forwardPasses) ?? defaults.ForwardPasses,
            Seeds = parsed.GetValue(s_seeds) ?? defaults.Seeds,
            Eta = parsed.GetValue(s_eta) ?? defaults.Eta,
            SweepSeed = parsed.GetValue(s_sweepSeed) ?? defaults.SweepSeed,
            Points = parsed.GetValue(s_points) ?? defaults.Points,
            Jobs = parsed.GetValue(s_jobs) ?? defaults.Jobs,
        };
    }

    private static SweepAxis Axis(string text)
    {
        string[] parts = text.Split('=', 2);
        string name = parts[0].Trim().TrimStart('-');
        if (parts.Length != 2)
        {
            throw new InvalidInputException($"--vary is '{text}'; a setting and its values, as in lr=1e-6,3e-6, were expected.");
        }

        if (name.StartsWith(MethodOption, StringComparison.Ordinal) && name.Length > MethodOption.Length)
        {
            string own = name[MethodOption.Length..];
            return SweepAxis.Parse(name, parts[1], (options, value) => options with
            {
                Opt = MethodOptions.Parse(options.Opt.Length == 0 ? $"{own}={value}" : $"{options.Opt},{own}={value}").ToString(),
            });
        }

        var setting = s_shared.FirstOrDefault(s => s.Name == name) ?? throw new InvalidInputException(
            $"--vary names '{name}'; opt.NAME or one of {string.Join(", ", s_shared.Select(s => s.Name))} was expected.");
        return SweepAxis.Parse(name, parts[1], setting.Apply);
    }

    /// <summary>Says what has ended, and keeps the files up to date.</summary>
    private sealed class Progress(bool hasRounds, string folder) : IProgress<SweepProgress>
    {
        private int _done;
        private bool _isNew;

        public void Report(SweepProgress value)
        {
            switch (value)
            {
                case SweepProgress.RunEnded ended:
                    var run = ended.Trial.Runs[^1];
                    _isNew |= !ended.WasKept;
                    string round = hasRounds ? $"round {ended.Round}, " : string.Empty;
                    string settings = string.Join(", ", ended.Trial.Settings.Select(s => $"{s.Key} {s.Value}"));
                    Terminal.Say(Format.Invariant(
                        $"training {++_done}: {round}{settings}, seed {run.Seed}: dev loss {run.Points[0].DevLoss:F4} to "
                            + $"{run.Points[^1].DevLoss:F4}{(run.Diverged ? ", diverged" : "")}, "
                            + $"{(ended.WasKept ? "done before" : Format.Duration(run.Seconds))}"));
                    break;
                case SweepProgress.TrialEnded ended when _isNew:
                    SweepFiles.Write(ended.SoFar, folder);
                    _isNew = false;
                    break;
            }
        }
    }
}
