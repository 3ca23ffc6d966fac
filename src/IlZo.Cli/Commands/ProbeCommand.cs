using System.CommandLine;
using System.Text.Json;
using IlZo.Optimizers;
using IlZo.Reporting;
using IlZo.Training;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo probe</c>.</summary>
internal static class ProbeCommand
{
    private const int MostDraws = 1_000_000;

    // What says how a training goes on from its first batch.
    private static readonly string[] s_ofTrainings =
    [
        "optimizer", "opt", "steps", "schedule", "warmup", "weight-decay", "eval-every", "samples", "patience", "stop-on-divergence",
        "write-every",
    ];

    private static readonly IReadOnlyList<TrainingSetting> s_shared = [.. TrainingSetting.All.Where(s => !s_ofTrainings.Contains(s.Name))];

    private static readonly Option<string?> s_optimizers = Flags.Text(
        "--optimizers", "A,B,…",
        "Comma-separated methods, each alone or with settings of its own as in mezo:queries=3 (default: all that need losses alone).");

    private static readonly Option<int?> s_draws = Flags.Number<int>(
        "--draws", "N", $"Estimates made with each method (default: {EstimateOptions.DefaultDraws}).");

    private static readonly FunctionFlags s_function = new();
    private static readonly Option<bool> s_json = Flags.Json("Print the result as one JSON object.");

    public static Command Create()
    {
        var command = new Command(
            "probe",
            "Measure the gradient estimates of methods at a model's weights: bias, variance, alignment with the gradient, and where their "
                + "energy goes. Nothing is trained.")
        {
            s_optimizers, s_draws, s_function.Function, s_function.Dimension, s_json,
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
        using var interruption = Terminal.OnInterrupt();
        var report = EstimateStudy.Run(options, new Progress(), interruption.Token, Device.Open);
        if (parsed.GetValue(s_json))
        {
            Terminal.PrintJson(writer => Write(writer, report));
        }
        else
        {
            Terminal.Results.Write(EstimateTables.Markdown(report));
        }

        return 0;
    }

    private static EstimateOptions Options(ParseResult parsed)
    {
        var defaults = new EstimateOptions(
            TrainingSetting.Resolve(parsed, s_shared),
            parsed.GetValue(s_optimizers) is { } names ? Flags.Words(names) : [.. OptimizerCatalog.OfLosses.Select(m => m.Name)]);
        int draws = parsed.GetValue(s_draws) ?? defaults.Draws;
        if (draws is < 2 or > MostDraws)
        {
            throw new InvalidInputException($"--draws is {draws}; 2 to {MostDraws} was expected.");
        }

        var options = defaults with { Draws = draws };
        return s_function.Resolve(parsed, s_shared) is var (function, dimension)
            ? options with { Function = function, Dimension = dimension ?? options.Dimension }
            : options;
    }

    private static void Write(Utf8JsonWriter writer, EstimateReport report)
    {
        writer.WriteString("subject", report.Subject);
        writer.WriteNumber("draws", report.Draws);
        writer.WriteNumber("weights", report.Weights);
        Json.WriteNumber(writer, "loss", report.Loss);
        Write(writer, "gradient_square", report.Gradient);
        writer.WriteStartObject("gradient_square_by_part");
        foreach (var (part, square) in report.GradientByPart)
        {
            Write(writer, part, square);
        }

        writer.WriteEndObject();
        writer.WriteStartArray("methods");
        foreach (var method in report.Methods)
        {
            writer.WriteStartObject();
            writer.WriteString("name", method.Name);
            writer.WriteNumber("eps", method.Epsilon);
            writer.WriteNumber("forward_passes", method.ForwardPasses);
            Write(writer, "scale", method.Scale);
            Write(writer, "bias", method.Bias);
            Write(writer, "second_moment", method.SecondMoment);
            Write(writer, "cosine", method.Cosine);
            Json.WriteNumber(writer, "gain", method.Gain);
            writer.WriteStartObject("energy");
            foreach (var (part, share) in method.Energy)
            {
                Json.WriteNumber(writer, part, share);
            }

            writer.WriteEndObject();
            writer.WriteNumber("skipped", method.Skipped);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter writer, string name, SampleMean mean)
    {
        writer.WriteStartArray(name);
        Json.WriteNumber(writer, mean.Value);
        Json.WriteNumber(writer, mean.Error);
        writer.WriteEndArray();
    }

    private sealed class Progress : IProgress<MeasuredEstimate>
    {
        public void Report(MeasuredEstimate value) => Terminal.Say(Format.Invariant(
            $"{value.Name}: {value.ForwardPasses:0.##} passes, scale {value.Scale.Value:G3}, gain per pass {value.Gain:G3}"));
    }
}
