using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using IlZo.Optimizers;
using IlZo.Training;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo ls optimizers</c>.</summary>
internal static class OptimizerListCommand
{
    private static readonly Option<bool> s_verbose =
        new("--verbose") { Description = "Show each method's default settings and its published ones." };
    private static readonly Option<bool> s_json = Flags.Json("Print one JSON object with the array optimizers.");

    public static Command Create()
    {
        var command = new Command("optimizers", "Training methods.") { s_verbose, s_json };
        command.SetAction(parsed => Run(parsed.GetValue(s_verbose), parsed.GetValue(s_json)));
        return command;
    }

    private static int Run(bool verbose, bool json)
    {
        if (json)
        {
            PrintJson(verbose);
        }
        else
        {
            Terminal.PrintTable(OptimizerCatalog.All.SelectMany(m =>
                (IEnumerable<(string, string)>)[(m.Name, Described(m)), .. verbose
                    ? Defaults(m).Concat(Published(m)).Select(line => (string.Empty, line))
                    : []]));
        }

        return 0;
    }

    private static string Described(OptimizerMethod method) =>
        method.OptionNames() is { Count: > 0 } options ? $"{method.Description}; --opt {string.Join(", ", options)}" : method.Description;

    private static IEnumerable<string> Defaults(OptimizerMethod method) => Presets.All.GroupBy(p => p.Models).Select(models =>
    {
        var numbers = models.Select(p => Format.Invariant($"{p.Trained} lr {p.LearningRateOf(method):R}, eps {p.EpsilonOf(method):R}"));
        return $"default, {models.Key}: {string.Join("; ", numbers)}; batches of {models.First().BatchSize}, queries {method.Queries}";
    });

    private static IEnumerable<string> Published(OptimizerMethod method) => method.Published.Select(p =>
        $"{p.Models}: {Numbers("lr", p.LearningRates)}{Numbers("eps", p.Epsilons)}"
        + $"queries {p.Queries?.ToString(CultureInfo.InvariantCulture) ?? "not said"}. {p.Source}");

    private static string Numbers(string name, IReadOnlyList<double> values) =>
        values.Count == 0
            ? string.Empty
            : $"{name} {string.Join(", ", values.Select(v => v.ToString("R", CultureInfo.InvariantCulture)))}; ";

    private static void PrintJson(bool verbose) => Terminal.PrintJson(writer =>
    {
        writer.WriteStartArray("optimizers");
        foreach (var method in OptimizerCatalog.All)
        {
            writer.WriteStartObject();
            writer.WriteString("name", method.Name);
            writer.WriteString("description", Described(method));
            if (verbose)
            {
                writer.WriteStartArray("defaults");
                foreach (var preset in Presets.All)
                {
                    Write(writer, preset, method);
                }

                writer.WriteEndArray();
                writer.WriteStartArray("published");
                foreach (var setting in method.Published)
                {
                    Write(writer, setting);
                }

                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });

    private static void Write(Utf8JsonWriter writer, Preset preset, OptimizerMethod method)
    {
        writer.WriteStartObject();
        writer.WriteString("models", preset.Models);
        writer.WriteString("trained", preset.Trained);
        writer.WriteNumber("lr", preset.LearningRateOf(method));
        writer.WriteNumber("eps", preset.EpsilonOf(method));
        writer.WriteNumber("batch_size", preset.BatchSize);
        writer.WriteNumber("queries", method.Queries);
        writer.WriteString("source", preset.Source);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, PublishedSetting setting)
    {
        writer.WriteStartObject();
        writer.WriteString("models", setting.Models);
        foreach (var (name, values) in new[] { ("lr", setting.LearningRates), ("eps", setting.Epsilons) })
        {
            writer.WriteStartArray(name);
            foreach (double value in values)
            {
                writer.WriteNumberValue(value);
            }

            writer.WriteEndArray();
        }

        Json.WriteNumber(writer, "queries", setting.Queries);
        writer.WriteString("source", setting.Source);
        writer.WriteEndObject();
    }
}
