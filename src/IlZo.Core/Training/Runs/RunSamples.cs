using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using IlZo.Checkpoints;
using IlZo.Files;

namespace IlZo.Training;

/// <summary>One example with what the model says to it before and after training.</summary>
/// <param name="Where"><c>file:line</c> of the example.</param>
/// <param name="Prompt">What the model is given.</param>
/// <param name="Expected">What the example says.</param>
/// <param name="Before">The model's own at the start; null where it was not asked, or its numbers allow no answer.</param>
/// <param name="After">The same with the weights that the run keeps; null also while the run has not ended.</param>
internal sealed record RunSample(string Where, string Prompt, string Expected, string? Before, string? After);

/// <summary>Samples of what a run has taught, as <c>samples.json</c> has them; they decide nothing.</summary>
/// <param name="AfterStep">The step whose weights the run keeps; null while it has not ended.</param>
/// <param name="Samples">The samples.</param>
internal sealed record RunSamples(long? AfterStep, IReadOnlyList<RunSample> Samples)
{
    // Texts are to be read as they are.
    private static readonly RunSamplesJson s_json = new(new JsonSerializerOptions(RunSamplesJson.Default.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    /// <summary>Reads the file of a run; null where there is none.</summary>
    /// <exception cref="InvalidInputException">It is not as a run writes it.</exception>
    public static RunSamples? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            var read = JsonSerializer.Deserialize(PlainFile.ReadAllBytes(path), RunSamplesJson.Default.RunSamples);
            return read is null || read.Samples.All(s => s is not null) ? read : throw new JsonException();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidInputException($"{path}: got other content; expected the samples of a run, or no such file.", e);
        }
    }

    /// <summary>Writes the file of a run; an earlier one is replaced as a whole.</summary>
    public void WriteTo(string path) =>
        AtomicFile.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(this, s_json.RunSamples));
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(RunSamples))]
internal sealed partial class RunSamplesJson : JsonSerializerContext;
