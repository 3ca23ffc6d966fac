using IlZo.Adapters;
using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Files;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Tensors;
using IlZo.Tokenization.ChatTemplates;
using IlZo.Updates;

namespace IlZo.Training;

/// <summary>Models as a training finds them before its first step, and what trains them.</summary>
internal static class TrainableModel
{
    /// <summary>Loads the model of a training, adds its adapter, and chooses what is trained.</summary>
    /// <param name="options">The training.</param>
    /// <param name="folder">Its run, which may hold the adapter that it began with; or null.</param>
    /// <param name="cancellation">Ends the work between two tensors.</param>
    /// <exception cref="InvalidInputException">The model, the adapter or a pattern cannot be used.</exception>
    public static LanguageModel Load(TrainingOptions options, RunFolder? folder = null, CancellationToken cancellation = default)
    {
        options = AtStart(options, folder);

        // What starts from the model's activations must start from the same bits wherever a run is trained or replayed: those of the C#
        // kernels.
        using var reference = AdapterCatalog.Find(options.Adapter)?.StartsFromActivations == true ? new CpuBackend(options.Threads) : null;
        var model = ModelLoader.Load(
            options.Model, new WeightOptions(options.DType, CheckValues: true, Cancellation: cancellation)
            {
                Hashes = true,
                Drops = options.WeightMemory is not null,
            });
        try
        {
            RequireTrainable(model, options);
            Prepare(model, options, reference);
            PlanMemory(model, options, folder);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Says what of a model stays in memory in a training.</summary>
    /// <param name="model">The model, of which is decided what is trained.</param>
    /// <param name="options">The training.</param>
    /// <param name="folder">Its run, or null.</param>
    /// <exception cref="InvalidInputException">All of it would stay in memory that is to be less.</exception>
    public static void PlanMemory(LanguageModel model, TrainingOptions options, RunFolder? folder)
    {
        var plan = model.PlanMemory(options.WeightMemory, folder?.FullPath, options.WriteEvery);
        if (plan.ResidentBytes > options.WeightMemory && plan.Count == 0)
        {
            throw new InvalidInputException(
                $"{Setting.WeightMemory} is {options.WeightMemory}, and no layer of {options.Model} is read from a file as it is stored "
                    + $"there; a model in a folder, in the {Setting.DType} that it has there, was expected.");
        }
    }

    /// <summary>The options with the adapter that a run began with, where its folder holds one.</summary>
    internal static TrainingOptions AtStart(TrainingOptions options, RunFolder? folder) =>
        options.Adapter is not null && Directory.Exists(folder?.StartFolder) ? options with { Adapter = folder.StartFolder } : options;

    /// <summary>Adds the adapter of a training and chooses what is trained.</summary>
    /// <inheritdoc cref="AdapterFactory.Attach(LanguageModel, AdapterOptions, IBackend?)"/>
    public static void Prepare(LanguageModel model, TrainingOptions options, IBackend? backend)
    {
        if (options.Adapter is not null)
        {
            AdapterFactory.Attach(model, options, backend);
        }

        NamePatterns.Choose(model.Parameters, options.TrainOnly, options.Freeze);
    }

    // Nobody who trains all weights wants the few that are not in blocks.
    private static void RequireTrainable(LanguageModel model, TrainingOptions options)
    {
        if (options.Adapter is null && options.TrainOnly is null
            && model.Parameters.All.FirstOrDefault(p => p.Type.IsBlocked()) is { } blocked)
        {
            throw new InvalidInputException(
                $"'{options.Model}': tensor '{blocked.Name}' is in blocks of {blocked.Type.TorchName()}, which training cannot change; "
                    + $"{Setting.Adapter}, {Setting.TrainOnly} with other tensors, or {Setting.DType} for widened weights was expected.");
        }
    }

    /// <summary>
    /// What is saved beside the weights: the chat template that the examples were made with, where it is not the model's own.
    /// </summary>
    /// <param name="options">The training.</param>
    /// <param name="folder">Its run, which may have saved the template before.</param>
    public static IReadOnlyDictionary<string, byte[]> ExtraFiles(TrainingOptions options, RunFolder folder)
    {
        if (options.ChatTemplate is not { } path)
        {
            return new Dictionary<string, byte[]>();
        }

        string saved = Path.Combine(folder.TrainedFolder(options), ChatTemplateFile.FileName);
        return new Dictionary<string, byte[]> { [ChatTemplateFile.FileName] = PlainFile.ReadAllBytes(File.Exists(path) ? path : saved) };
    }

    /// <summary>The optimizer that options describe, for a model at its start.</summary>
    /// <param name="options">The training.</param>
    /// <param name="model">The model.</param>
    /// <param name="begunInFormat">The format that its run was begun in.</param>
    public static Optimizer CreateOptimizer(
        TrainingOptions options, LanguageModel model, int begunInFormat = RunConfiguration.CurrentFormat)
    {
        // The start of an adapter, and of a head that is trained with it, is in no checkpoint, and may be a fifth of the memory.
        var start = options.Method.ReadsStartLater ? model.Adapter?.Copy() : null;
        bool isAtStart = true;
        var settings = options.ToSettings(model.Parameters);
        var optimizer = options.Method.Create(settings with
        {
            WeightDecay = begunInFormat == 1 ? new LegacyDecay(options.WeightDecay) : settings.WeightDecay,
            OpenBase = () => model.Adapter is not { } adapter ? BaseWeights.Open(ModelLoader.Open(options.Model), model)
                : start is not null || isAtStart ? BaseWeights.Of(start ?? adapter.Copy())
                : throw new InvalidOperationException($"{options.Optimizer} does not say that it reads the start later."),
        });
        isAtStart = false;
        return optimizer;
    }
}
