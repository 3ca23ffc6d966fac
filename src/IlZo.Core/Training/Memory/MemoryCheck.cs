using IlZo.Models;

namespace IlZo.Training;

/// <summary>
/// Compares what a training will take with what there was for it before it took any: first weights and optimizer, which are known from the
/// headers of the files, and the activations of the largest batch as soon as the examples are known.
/// </summary>
internal sealed class MemoryCheck
{
    private readonly TrainingOptions _options;
    private readonly MachineMemory _machine;

    private MemoryCheck(TrainingOptions options, MachineMemory machine) => (_options, _machine) = (options, machine);

    /// <summary>Refuses a model that is too large for the machine before its weights are read.</summary>
    /// <param name="options">The training.</param>
    /// <param name="machine">What there is, before anything was loaded.</param>
    /// <param name="folder">Its run, which may hold the adapter that it began with; or null.</param>
    /// <exception cref="InvalidInputException">Weights and optimizer exceed what there is, and <see cref="TrainingOptions.Overcommit"/> is
    /// not set.</exception>
    public static MemoryCheck Begin(TrainingOptions options, MachineMemory machine, RunFolder? folder = null)
    {
        var check = new MemoryCheck(options, machine);
        using var outline = Outline(TrainableModel.AtStart(options, folder));
        check.Settle(
            TrainingMemory.Predict(outline, options.DType, options, batchSize: 1, sequence: 1, machine.Kind));
        return check;
    }

    /// <summary>Looks at the whole of it; nothing was computed yet.</summary>
    /// <param name="model">The model, ready to be trained.</param>
    /// <param name="examples">The training's examples.</param>
    /// <returns>What was found, which may still be tight.</returns>
    /// <exception cref="InvalidInputException">It exceeds what there is, and <see cref="TrainingOptions.Overcommit"/> is not
    /// set.</exception>
    public MemoryFinding End(LanguageModel model, TrainingExamples examples) =>
        Settle(TrainingMemory.Predict(
            model, _options.DType, _options, PassSize.Largest(_options, examples), _machine.Kind));

    private MemoryFinding Settle(TrainingMemory predicted)
    {
        var finding = MemoryFinding.Of(predicted, _machine);
        if (!_options.Overcommit)
        {
            finding.RequirePossible();
        }

        return finding;
    }

    private static LanguageModel Outline(TrainingOptions options)
    {
        var folder = ModelLoader.Open(options.Model);
        LanguageModel? model = null;
        try
        {
            model = ModelCatalog.Inspect(folder);
            TrainableModel.Prepare(model, options, backend: null);
            return model;
        }
        catch
        {
            model?.Dispose();
            folder.Dispose();
            throw;
        }
    }
}
