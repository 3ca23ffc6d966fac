using System.Text;
using System.Text.Json;
using IlZo.Checkpoints;
using IlZo.Files;
using IlZo.Models;
using IlZo.Optimizers;

namespace IlZo.Training;

/// <summary>
/// Runs in format 1, which are read and no longer written: the trajectory has steps alone, evaluations and the work of steps are in
/// <c>metrics.jsonl</c>, no hash says what was saved, and the fingerprint is of all options in the order of their declaration then.
/// </summary>
internal static class FirstRunFormat
{
    private static readonly string[] s_free = ["model", "data", "task", "chat_template", "threads", "device"];

    /// <summary>The fingerprint of a run, from its config.json.</summary>
    public static byte[] Fingerprint(RunConfiguration configuration, byte[] json)
    {
        using var file = JsonDocument.Parse(json);
        var options = file.RootElement.GetProperty("options").EnumerateObject().Where(p => !s_free.Contains(p.Name))
            .Select(p => $"{p.Name}={(IsAny(p.Name, configuration.Options) ? "any" : p.Value.GetRawText())}");
        return Sha256.Hash(Encoding.UTF8.GetBytes(string.Join(
            '\n',
            [.. options, $"base_weights_sha256={configuration.BaseWeightsSha256}", $"examples_sha256={configuration.ExamplesSha256}"])));
    }

    /// <summary>The log in the form that it has now, from the steps and from what <c>metrics.jsonl</c> says.</summary>
    /// <param name="steps">The steps.</param>
    /// <param name="metricsFile">The metrics.</param>
    /// <param name="devExamples">Dev examples of the run; 0 where it does not matter how many of them were right.</param>
    /// <exception cref="InvalidInputException">The metrics are missing, or a line is not as a run writes it.</exception>
    public static IReadOnlyList<LogEntry> Entries(IReadOnlyList<StepRecord> steps, string metricsFile, int devExamples)
    {
        if (!File.Exists(metricsFile))
        {
            throw new InvalidInputException(
                $"'{metricsFile}' is missing; a run that was begun in format 1 keeps its evaluations there, and they were expected.");
        }

        var entries = new List<LogEntry>();
        var (passes, tokens, done) = (0L, 0L, 0);
        foreach (var (i, line) in Encoding.UTF8.GetString(PlainFile.ReadAllBytes(metricsFile)).Split('\n').Index())
        {
            if (TryParse(line, out var json))
            {
                using (json)
                {
                    try
                    {
                        Add(json.RootElement);
                    }
                    catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
                    {
                        throw new InvalidInputException(
                            $"'{metricsFile}': line {i + 1} is not as a run writes it; its fields with numbers were expected.", e);
                    }
                }
            }
        }

        return done == steps.Count
            ? entries
            : throw new InvalidInputException(
                $"'{metricsFile}' has lines of {done} steps; those of the {steps.Count} steps in the log were expected.");

        // A crash may leave one line more than there are steps.
        void Add(JsonElement line)
        {
            long step = line.GetProperty("step").GetInt64();
            if (line.TryGetProperty("tokens", out var soFar) && done < steps.Count)
            {
                long passesSoFar = line.GetProperty("forward_passes").GetInt64();
                entries.Add(new StepEntry(steps[done++], passesSoFar - passes, soFar.GetInt64() - tokens));
                (passes, tokens) = (passesSoFar, soFar.GetInt64());
            }
            else if (line.TryGetProperty("dev_loss", out var loss) && step <= done)
            {
                entries.Add(new EvaluationEntry(step, EvaluationSplit.Dev, Dev(line, Number(loss), devExamples)));
            }
            else if (line.TryGetProperty("zero_shot_total", out var total))
            {
                entries.Add(new EvaluationEntry(0, EvaluationSplit.Test, ZeroShot(line, total.GetInt32())));
            }
        }
    }

    /// <summary>
    /// Rewrites the trajectory of a run in the form that it has now; config.json follows (<see cref="RunFolder.Continue"/>).
    /// </summary>
    /// <param name="folder">The run.</param>
    /// <param name="configuration">Its configuration.</param>
    /// <param name="devExamples">Its dev examples.</param>
    public static void Upgrade(RunFolder folder, RunConfiguration configuration, int devExamples)
    {
        using var alone = TrajectoryWriter.Lock(folder.TrajectoryFile);
        var content = TrajectoryReader.ReadAll(folder.TrajectoryFile);
        var entries = Entries(content.Records, folder.MetricsFile, devExamples);
        AtomicFile.Write(folder.TrajectoryFile, stream =>
        {
            byte[] header = TrajectoryFormat.Header(RunIdentity.Fingerprint(configuration));
            uint chain = TrajectoryFormat.HeaderChecksum(header);
            stream.Write(header);
            foreach (var (index, entry) in entries.Index())
            {
                stream.Write(TrajectoryFormat.Encode(entry, index, ref chain));
            }
        });
    }

    private static bool IsAny(string name, TrainingOptions options) => name switch
    {
        "steps" => !LearningRateSchedule.DependsOnSteps(options.Schedule),
        "adapter" => options.AdapterFolder is not null,
        _ => false,
    };

    // The last line may be torn, and says nothing then.
    private static bool TryParse(string line, out JsonDocument json)
    {
        json = null!;
        try
        {
            json = JsonDocument.Parse(line);
            return json.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static Evaluation Dev(JsonElement line, double loss, int examples)
    {
        bool chooses = line.TryGetProperty("dev_accuracy", out var accuracy);
        int correct = chooses ? (int)Math.Round(Number(accuracy) * examples) : 0;
        return Evaluation.Logged(loss, correct, examples, chooses, line.TryGetProperty("dev_f1", out var f1) ? Number(f1) : null);
    }

    private static Evaluation ZeroShot(JsonElement line, int total)
    {
        double loss = Number(line.GetProperty("zero_shot_loss"));
        bool chooses = line.TryGetProperty("zero_shot_correct", out var correct);
        return Evaluation.Logged(
            loss, chooses ? correct.GetInt32() : 0, total, chooses, line.TryGetProperty("zero_shot_f1", out var f1) ? Number(f1) : null);
    }

    // Numbers that are not finite are null in JSON.
    private static double Number(JsonElement value) => value.ValueKind == JsonValueKind.Null ? double.NaN : value.GetDouble();
}
