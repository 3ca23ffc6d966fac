using IlZo.Generation;
using IlZo.Models;
using IlZo.Tokenization.ChatTemplates;
using IlZo.Training;

namespace IlZo.Inference;

/// <summary>A model that requests can name.</summary>
/// <param name="Name">The name.</param>
/// <param name="Adapter">What it adds to the weights; null for nothing.</param>
/// <param name="Template">Its chat template, or null.</param>
/// <param name="Context">The longest text, in tokens.</param>
internal sealed record ServedModel(string Name, Adapter? Adapter, ChatTemplate? Template, int Context);

/// <summary>A model and adapters on it under names of their own, for many requests at a time. Their weights are held once.</summary>
internal sealed class ServedModels : IAsyncDisposable
{
    private readonly TextModel _model;

    private ServedModels(TextModel model, IReadOnlyList<ServedModel> all, int maxConcurrent, int maxWaiting)
    {
        _model = model;
        All = all;
        Generator = new ConcurrentTextGenerator(model.Model, model.Tokenizer, model.Backend, maxConcurrent, maxWaiting);
    }

    /// <summary>The models, that without one of the adapters first.</summary>
    public IReadOnlyList<ServedModel> All { get; }

    /// <summary>What the models have in common.</summary>
    public TextModel Shared => _model;

    /// <summary>Continues their texts.</summary>
    public ConcurrentTextGenerator Generator { get; }

    /// <summary>Loads models.</summary>
    /// <param name="model">A folder in the Hugging Face layout, a run's folder, or <see cref="ModelLoader.BuiltIn"/>.</param>
    /// <param name="name">What requests call it; null for the name of the folder.</param>
    /// <param name="adapters">Adapters in PEFT's format, or runs that came to one, by the names that requests have for them.</param>
    /// <param name="options">What else there is to say of the model.</param>
    /// <param name="maxContext">The longest text that is accepted, in tokens; null for what the model was made for.</param>
    /// <param name="maxConcurrent">Texts that grow together at most.</param>
    /// <param name="maxWaiting">Texts that may wait beyond those.</param>
    /// <param name="cancellation">Ends the work between two tensors.</param>
    /// <exception cref="InvalidInputException">Something cannot be used, or two have one name.</exception>
    public static ServedModels Load(
        string model,
        string? name,
        IReadOnlyList<(string Name, string Folder)> adapters,
        TextModelOptions options,
        int? maxContext,
        int maxConcurrent,
        int maxWaiting,
        CancellationToken cancellation = default)
    {
        name ??= model == ModelLoader.BuiltIn ? model : Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model)));
        string? twice = adapters.Select(a => a.Name).Append(name).GroupBy(n => n).FirstOrDefault(g => g.Count() > 1)?.Key;
        if (twice is not null)
        {
            throw new InvalidInputException($"The name '{twice}' stands for two models; a name of its own was expected for each.");
        }

        string[] folders = [.. adapters.Select(a => ModelSource.Of(a.Folder).Adapter ?? a.Folder)];
        var loaded = TextModel.Load(model, options with { Others = folders }, cancellation);
        try
        {
            loaded.Model.RequireCausal();
            ServedModel[] all =
            [
                Of(name, loaded.Model.Adapter, loaded.ChatTemplate),
                .. adapters.Select((a, i) => Of(
                    a.Name, loaded.Others[i],
                    (loaded.Source with { Adapter = folders[i] }).Template(loaded.Model, options.ChatTemplate))),
            ];
            return new ServedModels(loaded, all, maxConcurrent, maxWaiting);
        }
        catch
        {
            loaded.Dispose();
            throw;
        }

        ServedModel Of(string called, Adapter? adapter, ChatTemplate? template) =>
            new(called, adapter, template, Math.Min(maxContext ?? int.MaxValue, loaded.Model.ShapeWith(adapter).MaxPositions));
    }

    /// <summary>The model of a name; null where there is none.</summary>
    public ServedModel? Find(string name) => All.FirstOrDefault(m => m.Name == name);

    /// <summary>Ends the texts in progress, and gives the model back.</summary>
    public async ValueTask DisposeAsync()
    {
        await Generator.DisposeAsync().ConfigureAwait(false);
        _model.Dispose();
    }
}
