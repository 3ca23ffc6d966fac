using System.Globalization;
using System.Text.Json;
using IlZo.Tasks;
using IlZo.Training;

namespace IlZo.Cli;

/// <summary>What <c>ilzo eval</c> prints.</summary>
/// <param name="options">The model, the task and the data.</param>
/// <param name="evaluationOptions">What stood around the examples.</param>
/// <param name="evaluation">What they showed.</param>
internal sealed class EvaluationOutput(TrainingOptions options, EvaluationOptions evaluationOptions, Evaluation evaluation)
{
    private readonly int _truncated = evaluation.Predictions.Count(p => p.Example.Truncated);

    /// <summary>The task; null for texts.</summary>
    public TaskDefinition? Task { get; init; }

    /// <summary>Rows of the user's own data that were left out.</summary>
    public int SkippedRows { get; init; }

    private ClassReport? Classes =>
        Task is { Answers: AnswerKind.Class } task ? ClassReport.Of(task.ClassNames, evaluation.Predictions) : null;

    /// <summary>What the examples showed.</summary>
    public Evaluation Evaluation => evaluation;

    // What stands above the loss: what a run has too, the task's own metric first.
    private IEnumerable<MetricValue> Above => evaluation.Metrics.Where(v => Task is null || Task.Metrics.Contains(v.Metric)).Reverse();

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
        foreach (var value in Above)
        {
            yield return (value.Metric.Title, Format.Metric(value, evaluation));
        }

        yield return ("loss", evaluation.Loss.ToString("F4", CultureInfo.InvariantCulture));
        if (_truncated > 0)
        {
            yield return ("truncated", $"{_truncated} of {evaluation.Total} prompts were too long and lost their beginning");
        }

        foreach (var value in evaluation.Metrics.Except(Above))
        {
            yield return (value.Metric.Title, Format.Metric(value, evaluation));
        }

        foreach (var c in Classes?.Classes ?? [])
        {
            yield return (
                $"class {c.Name}",
                Format.Invariant($"precision {100 * c.Precision:F1} %, recall {100 * c.Recall:F1} %, F1 {100 * c.F1:F1} %; {c.Support} "
                    + $"rows, {c.Predicted} predicted"));
        }
    }

    private void Write(Utf8JsonWriter writer)
    {
        writer.WriteString("model", options.Model);
        writer.WriteString("task", Presets.TaskOf(options));
        Json.WriteNumber(writer, "loss", evaluation.Loss);
        if (Task is null)
        {
            WriteMetrics(writer);
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
        WriteMetrics(writer);
        writer.WriteNumber("correct", evaluation.Correct);
        writer.WriteNumber("examples", evaluation.Total);
        writer.WriteNumber("demonstrations", evaluationOptions.Demonstrations);
        writer.WriteBoolean("calibrated", evaluationOptions.Calibrate);
        writer.WriteNumber("truncated", _truncated);
        if (Classes is { } classes)
        {
            WriteClasses(writer, classes);
        }
    }

    private void WriteMetrics(Utf8JsonWriter writer)
    {
        foreach (var (metric, value) in evaluation.Metrics)
        {
            Json.WriteNumber(writer, metric.Field, value);
            if (metric.Interval(evaluation.Predictions) is { } interval)
            {
                writer.WriteNumber($"{metric.Field}_low", interval.Low);
                writer.WriteNumber($"{metric.Field}_high", interval.High);
            }
        }
    }

    private static void WriteClasses(Utf8JsonWriter writer, ClassReport report)
    {
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
