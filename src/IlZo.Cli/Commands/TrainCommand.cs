using System.CommandLine;
using System.Globalization;
using IlZo.Models;
using IlZo.Training;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo train</c>.</summary>
internal static class TrainCommand
{
    private static readonly Option<string?> s_run = Flags.Text(
        "--run", "DIR", "Folder of the run (default: a new one under runs/).");

    private static readonly Option<bool> s_resume = new("--resume")
    {
        Description = "Resume the run in the folder of --run (default: the latest one under runs/), or start it if there is none; "
            + "settings are taken from it unless given.",
    };

    private static readonly Option<bool> s_exact = new("--exact")
    {
        Description = "Resume only with the engine and arithmetic that computed the last step.",
    };

    private static readonly Option<bool> s_allowShortLog = Flags.AllowShortLog();

    private static readonly Option<bool> s_allowWorse = new("--allow-worse")
    {
        Description = "Exit with 0 even if no step was as good as the start.",
    };

    private static readonly Option<bool> s_findRate = new("--find-lr")
    {
        Description = "Look for the learning rate first, by a few steps at several rates from --lr (or the default) on, and train with it; "
            + "three minutes at most.",
    };

    private static readonly Option<bool> s_noReport = new("--no-report")
    {
        Description = "Do not write report.html, a page with the curves and figures of the run.",
    };

    private static readonly Option<string?> s_config = Flags.Text(
        "--config", "FILE", "JSON object keyed by flag names, or a run's config.json; flags take precedence.");

    private static readonly Option<bool> s_json = Flags.Json("Print the result as one JSON object.");

    public static Command Create()
    {
        var command = new Command(
            "train",
            "Fine-tune a model. Without arguments: the built-in model on the built-in SST-2 sample, about a minute on two cores.");
        foreach (var setting in TrainingSetting.All)
        {
            command.Add(setting.Flag);
        }

        command.Add(s_run);
        command.Add(s_resume);
        command.Add(s_exact);
        command.Add(s_allowShortLog);
        command.Add(s_allowWorse);
        command.Add(s_findRate);
        command.Add(s_noReport);
        command.Add(s_config);
        command.Add(s_json);
        ClusterFlags.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        string? run = parsed.GetValue(s_run);
        bool resume = parsed.GetValue(s_resume);
        if (resume && run is null)
        {
            run = RunName.Last();
            Terminal.Say($"resuming '{run}'.");
        }

        var policy = resume ? new ResumePolicy(parsed.GetValue(s_exact), parsed.GetValue(s_allowShortLog)) : null;
        foreach (var option in new[] { s_exact, s_allowShortLog }.Where(o => !resume && parsed.GetValue(o)))
        {
            throw new InvalidInputException($"{option.Name} is given without --resume; the two together were expected.");
        }

        string? config = parsed.GetValue(s_config);
        if (config is null && resume && new RunFolder(run!) is { HasRun: true } started)
        {
            config = started.ConfigurationFile;
        }

        string? device = parsed.GetValue(TrainingSetting.Named("device").Flag);
        var options = TrainingSetting.Resolve(parsed, TrainingSetting.All, config is null ? null : TrainingConfigFile.Read(config, device));
        options = resume ? new RunFolder(run!).WithKeptStart(options) : options;
        options.Validate();
        var cluster = ClusterFlags.Read(parsed);
        if (cluster is not null && parsed.GetValue(s_findRate))
        {
            throw new InvalidInputException(
                "--find-lr is given with --cluster, where all workers have one rate; one of them was expected.");
        }

        using var interruption = Terminal.OnInterrupt();
        if (parsed.GetValue(s_findRate))
        {
            if (resume && new RunFolder(run!).HasRun)
            {
                throw new InvalidInputException(
                    $"--find-lr is given with --resume, and '{run}' has a run, which keeps its rate; one of them was expected.");
            }

            if (FoundRate(options, interruption.Token) is not { } rate)
            {
                return Terminal.InterruptCode;
            }

            options = options with { LearningRate = rate };
        }

        var folder = new RunFolder(run ?? RunName.Next(options, options.Optimizer, AdapterName(options), $"seed{options.Seed}"));
        return new TrainingSession(options, folder, policy, cluster)
        {
            Json = parsed.GetValue(s_json),
            AllowWorse = parsed.GetValue(s_allowWorse),
            WritesReport = !parsed.GetValue(s_noReport),
        }.Run(interruption.Token);
    }

    // Null where the search was ended.
    private static double? FoundRate(TrainingOptions options, CancellationToken cancellation)
    {
        LearningRateSearch search;
        try
        {
            search = LearningRateSearch.Run(options, new ProbeDisplay(), cancellation, Device.Open);
        }
        catch (OperationCanceledException)
        {
            Terminal.Say("ilzo: stopped while looking for a learning rate; nothing was written.");
            return null;
        }

        string choice = search.LearningRate == search.Best
            ? "and is the training's"
            : FormattableString.Invariant($"and {options.Steps} get the next lower one, {search.LearningRate:R}, ")
                + "because noise adds up over them";
        string time = search.EndedByTime ? "; there was no time for rates beyond" : string.Empty;
        Terminal.Say(Format.Invariant(
            $"learning rate: {search.Best:R} lowers the loss on {search.Examples} training examples most in {search.Steps} steps, from ")
            + Format.Invariant($"{search.LossBefore:F4}, {choice}{time}."));
        return search.LearningRate;
    }

    private sealed class ProbeDisplay : IProgress<LearningRateProbe>
    {
        public void Report(LearningRateProbe value)
        {
            string loss = double.IsFinite(value.Loss) ? value.Loss.ToString("F4", CultureInfo.InvariantCulture) : "not finite";
            Terminal.Say(Format.Invariant($"learning rate {value.LearningRate:R}: loss {loss}"));
        }
    }

    private static string AdapterName(TrainingOptions options) =>
        Path.GetFileName(Path.TrimEndingDirectorySeparator(options.Adapter ?? string.Empty));
}
