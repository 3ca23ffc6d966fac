using System.Text.Json;

namespace IlZo.Training;

/// <summary>What a continued run needs to know of its past, read from the lines of <c>metrics.jsonl</c>.</summary>
internal sealed class MetricsHistory
{
    /// <summary>The model before training on the test examples; null where the line is missing.</summary>
    public Evaluation? ZeroShot { get; private set; }

    /// <summary>The lowest dev loss so far and its step.</summary>
    public (double Loss, long Step)? Best { get; private set; }

    /// <summary>The last step whose dev evaluation was logged; 0 for none.</summary>
    public long LastEvaluation { get; private set; }

    /// <summary>Forward passes of training, one for each probe of each batch.</summary>
    public long ForwardPasses { get; private set; }

    /// <summary>Tokens that went through the model in training.</summary>
    public long Tokens { get; private set; }

    /// <summary>Reads the lines, which <see cref="MetricsLog.Open"/> found to be objects with a step.</summary>
    /// <exception cref="InvalidInputException">A line lacks a field, or has something else than a number in it.</exception>
    public static MetricsHistory Read(string path)
    {
        var history = new MetricsHistory();
        foreach (var (i, line) in File.ReadLines(path).Index())
        {
            using var json = JsonDocument.Parse(line);
            try
            {
                history.Add(json.RootElement);
            }
            catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
            {
                throw new InvalidInputException($"'{path}': line {i + 1} is not as a run writes it; its fields with numbers were expected.", e);
            }
        }

        return history;
    }

    /// <summary>Notes a dev evaluation and tells whether its loss is the lowest so far.</summary>
    public bool Note(long step, double devLoss)
    {
        LastEvaluation = step;
        bool best = double.IsFinite(devLoss) && (Best is not { } known || devLoss < known.Loss);
        Best = best ? (devLoss, step) : Best;
        return best;
    }

    public void Note(Evaluation zeroShot) => ZeroShot = zeroShot;

    public void NoteWork(long forwardPasses, long tokens) => (ForwardPasses, Tokens) = (forwardPasses, tokens);

    private void Add(JsonElement line)
    {
        if (line.TryGetProperty("tokens", out var tokens))
        {
            NoteWork(line.GetProperty("forward_passes").GetInt64(), tokens.GetInt64());
        }
        else if (line.TryGetProperty("dev_loss", out var devLoss))
        {
            Note(line.GetProperty("step").GetInt64(), devLoss.ValueKind == JsonValueKind.Null ? double.NaN : devLoss.GetDouble());
        }
        else if (line.TryGetProperty("zero_shot_total", out var total))
        {
            double loss = line.GetProperty("zero_shot_loss") is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : double.NaN;
            bool chooses = line.TryGetProperty("zero_shot_correct", out var correct);
            ZeroShot = new Evaluation(loss, chooses ? correct.GetInt32() : 0, total.GetInt32())
            {
                Perplexity = chooses ? null : Math.Exp(loss),
                F1 = line.TryGetProperty("zero_shot_f1", out var f1) ? f1.GetDouble() : null,
            };
        }
    }
}
