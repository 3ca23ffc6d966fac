using System.Globalization;
using System.Text.Json;
using IlZo.Training;

namespace IlZo.Cli;

/// <summary>What <c>ilzo eval</c> prints.</summary>
/// <param name="options">The model, the task and the data.</param>
/// <param name="evaluationOptions">What stood around the examples.</param>
/// <param name="evaluation">What they showed.</param>
internal sealed class EvaluationOutput(TrainingOptions options, EvaluationOptions evaluationOptions, Evaluation evaluation)
{
    private readonly int _truncated = evaluation.Predictions.Count(p => p.Example.Truncated);

    /// <summary>The candidates where they are the same for every row, else none.</summary>
    public IReadOnlyList<string> ClassNames { get; init; } = [];

    /// <summary>Rows of the user's own data that were left out.</summary>
    public int SkippedRows { get; init; }

    private ClassReport? Classes => ClassNames.Count > 0 ? ClassReport.Of(ClassNames, evaluation.Predictions) : null;

    /// <summary>What the examples showed.</summary>
    public Evaluation Evaluation => evaluation;

    public void Print(bool json)
    {
        if (json)
        {
            Terminal.PrintJson(Write);
        }
        else
        {
            Terminal.PrintTable(Rows());
        }
    }

    private IEnumerable<(string Name, string Value)> Rows()
    {
        yield return ("task", Presets.TaskOf(options));
        if (evaluation.F1 is not null)
        {
            yield return ("F1", Format.F1(evaluation));
        }

        yield return evaluation.Perplexity is { } perplexity
            ? ("perplexity", $"{Format.Perplexity(perplexity)} ({evaluation.Total} examples)")
            : (evaluation.F1 is null ? "accuracy" : "exact match", Format.Accuracy(evaluation));
        yield return ("loss", evaluation.Loss.ToString("F4", CultureInfo.InvariantCulture));
        if (_truncated > 0)
        {
            yield return ("truncated", $"{_truncated} of {evaluation.Total} prompts were too long and lost their beginning");
        }

        if (Classes is not { } classes)
        {
            yield break;
        }

        yield return ("macro F1", Format.Invariant($"{100 * classes.MacroF1:F1} %"));
        foreach (var c in classes.Classes)
        {
            yield return (
                $"class {c.Name}",
                Format.Invariant($"precision {100 * c.Precision:F1} %, recall {100 * c.Recall:F1} %, F1 {100 * c.F1:F1} %; {c.Support} rows, {c.Predicted} predicted"));
        }
    }

    private void Write(Utf8JsonWriter writer)
    {
        writer.WriteString("model", options.Model);
        writer.WriteString("task", Presets.TaskOf(options));
        Json.WriteNumber(writer, "loss", evaluation.Loss);
        if (evaluation.Perplexity is { } perplexity)
        {
            Json.WriteNumber(writer, "perplexity", perplexity);
            writer.WriteNumber("skipped_rows", SkippedRows);
            writer.WriteNumber("examples", evaluation.Total);
        }
        else
        {
            WriteAnswers(writer);
        }
    }

    private void WriteAnswers(Utf8JsonWriter writer)
    {
        Json.WriteNumber(writer, "accuracy", evaluation.Accuracy);
        writer.WriteNumber("accuracy_low", evaluation.Interval.Low);
        writer.WriteNumber("accuracy_high", evaluation.Interval.High);
        writer.WriteNumber("correct", evaluation.Correct);
        writer.WriteNumber("examples", evaluation.Total);
        writer.WriteNumber("demonstrations", evaluationOptions.Demonstrations);
        writer.WriteBoolean("calibrated", evaluationOptions.Calibrate);
        writer.WriteNumber("truncated", _truncated);
        if (evaluation is { F1: { } f1, F1Interval: { } interval })
        {
            writer.WriteNumber("f1", f1);
            writer.WriteNumber("f1_low", interval.Low);
            writer.WriteNumber("f1_high", interval.High);
        }

        if (Classes is { } classes)
        {
            WriteClasses(writer, classes);
        }
    }

    private static void WriteClasses(Utf8JsonWriter writer, ClassReport report)
    {
        writer.WriteNumber("macro_f1", report.MacroF1);
        writer.WriteStartArray("classes");
        foreach (var c in report.Classes)
        {
            writer.WriteStartObject();
            writer.WriteString("name", c.Name);
            writer.WriteNumber("support", c.Support);
            writer.WriteNumber("predicted", c.Predicted);
            writer.WriteNumber("precision", c.Precision);
            writer.WriteNumber("recall", c.Recall);
            writer.WriteNumber("f1", c.F1);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("confusion");
        foreach (var row in report.Confusion)
        {
            writer.WriteStartArray();
            foreach (int count in row)
            {
                writer.WriteNumberValue(count);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndArray();
    }
}
