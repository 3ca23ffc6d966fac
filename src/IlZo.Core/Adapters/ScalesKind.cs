using System.Text.Json;
using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Models;

namespace IlZo.Adapters;

/// <summary>The scales of a model in blocks (<see cref="ScalesAdapter"/>). PEFT has no such kind.</summary>
internal sealed class ScalesKind : AdapterKind
{
    public const string Type = "BLOCK_SCALES";

    public override string Name => "scales";

    public override IReadOnlyList<AdapterOption> Options => [];

    // For what quantize makes of it.
    public override (double LearningRate, double Epsilon) ForBuiltIn => (1e-6, 1e-3);

    public override (double LearningRate, double Epsilon) ForRoberta => ForOthers;

    // What the authors' example has for OPT-6.7B in 4 bits (maifoundations/QZO large_language_models/scripts/examples.sh).
    public override (double LearningRate, double Epsilon) ForOthers => (1e-7, 1e-3);

    public override double GradientNorm => 50;

    public override string? Source => "QZO with OPT-6.7B, maifoundations/QZO";

    public override bool MergesIntoBlocks => true;

    internal override string PeftType => Type;

    /// <summary>Writes scales.</summary>
    public static void Save(
        ScalesAdapter adapter, LanguageModel model, string folder, IReadOnlyDictionary<string, byte[]>? extraFiles,
        CancellationToken cancellation) => PeftWriter.Write(
        folder,
        model,
        Type,
        new Dictionary<string, Action<Utf8JsonWriter>> { [SavedHead.Field] = json => SavedHead.WriteModules(json, adapter.Head) },
        [.. adapter.Parameters.Select(p => TensorEntry.Of(p, PeftFolder.ModulePrefix + p.Name)), .. SavedHead.Tensors(adapter.Head)],
        [],
        extraFiles,
        cancellation);

    internal override void Validate(AdapterOptions options)
    {
    }

    internal override void Attach(LanguageModel model, AdapterOptions options, IBackend? backend) =>
        model.Attach(new ScalesAdapter(model) { Head = model.ClassificationHead });

    internal override void Attach(LanguageModel model, PeftFolder saved) => model.Attach(ScalesAdapter.Load(model, saved));
}
