using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using IlZo.Checkpoints;
using IlZo.Tasks;
using IlZo.Training;

namespace IlZo.Reporting;

/// <summary>Writes predictions as JSON lines, one an example.</summary>
internal static class PredictionFile
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Replaces the file, as a whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="evaluation">The predictions, in order, and what judged them.</param>
    /// <exception cref="IOException">Writing failed; the file is as it was.</exception>
    public static void Write(string path, Evaluation evaluation)
    {
        IExampleMetric[] metrics = [.. evaluation.Metrics.Select(v => v.Metric).OfType<IExampleMetric>().Where(m => m is not Accuracy)];
        var content = new ArrayBufferWriter<byte>();
        for (int i = 0; i < evaluation.Predictions.Count; i++)
        {
            using (var writer = new Utf8JsonWriter(content, s_options))
            {
                WriteLine(writer, i, evaluation.Predictions[i], metrics);
            }

            content.Write("\n"u8);
        }

        AtomicFile.WriteAllBytes(path, content.WrittenMemory);
    }

    private static void WriteLine(Utf8JsonWriter writer, int index, Prediction prediction, IExampleMetric[] metrics)
    {
        writer.WriteStartObject();
        writer.WriteNumber("index", index);
        writer.WriteString("where", prediction.Example.Where);
        writer.WriteString("prediction", prediction.Text);
        writer.WriteStartArray("gold");
        foreach (string gold in prediction.Gold)
        {
            writer.WriteStringValue(gold);
        }

        writer.WriteEndArray();
        writer.WriteBoolean("correct", prediction.IsCorrect);
        foreach (var metric in metrics)
        {
            writer.WriteNumber(metric.Field, metric.Of(prediction));
        }

        if (!prediction.IsGenerated)
        {
            WriteScores(writer, prediction);
        }

        writer.WriteEndObject();
    }

    private static void WriteScores(Utf8JsonWriter writer, Prediction prediction)
    {
        writer.WriteStartArray("candidates");
        foreach (string text in prediction.Example.CandidateTexts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("scores");
        foreach (double score in prediction.Scores)
        {
            if (double.IsFinite(score))
            {
                writer.WriteNumberValue(score);
            }
            else
            {
                writer.WriteNullValue();
            }
        }

        writer.WriteEndArray();
    }
}
