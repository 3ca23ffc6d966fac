using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using IlZo.Checkpoints;
using IlZo.Training;

namespace IlZo.Reporting;

/// <summary>Writes predictions as JSON lines, one an example.</summary>
public static class PredictionFile
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Replaces the file, as a whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="predictions">Predictions of examples, in order.</param>
    /// <exception cref="IOException">Writing failed; the file is as it was.</exception>
    public static void Write(string path, IReadOnlyList<Prediction> predictions)
    {
        var content = new ArrayBufferWriter<byte>();
        for (int i = 0; i < predictions.Count; i++)
        {
            using (var writer = new Utf8JsonWriter(content, s_options))
            {
                WriteLine(writer, i, predictions[i]);
            }

            content.Write("\n"u8);
        }

        AtomicFile.WriteAllBytes(path, content.WrittenMemory);
    }

    private static void WriteLine(Utf8JsonWriter writer, int index, Prediction prediction)
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
        if (prediction.F1 is { } f1)
        {
            writer.WriteNumber("f1", f1);
        }
        else
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
