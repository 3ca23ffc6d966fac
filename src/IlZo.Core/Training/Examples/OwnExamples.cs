using IlZo.Adapters;
using IlZo.Datasets;
using IlZo.Models;
using IlZo.Tasks;
using IlZo.Tokenization;
using IlZo.Tokenization.ChatTemplates;

namespace IlZo.Training;

/// <summary>The examples of a run on the user's own data.</summary>
internal static class OwnExamples
{
    /// <summary>Loads what a training needs.</summary>
    /// <exception cref="InvalidInputException">The data cannot be used, or the model does not continue texts.</exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public static TrainingExamples Load(
        TrainingOptions options, LanguageModel model, ITokenizer tokenizer, CancellationToken cancellation = default) =>
        Of(UserData.Load(Options(options, model), tokenizer, () => Template(options, model), cancellation), model);

    /// <summary>Makes what a training needs out of rows that a program has.</summary>
    /// <inheritdoc cref="Load(TrainingOptions, LanguageModel, ITokenizer, CancellationToken)"/>
    internal static TrainingExamples Load(
        IEnumerable<DataRow> rows, TrainingOptions options, LanguageModel model, ITokenizer tokenizer, CancellationToken cancellation) =>
        Of(UserData.Of(rows, Options(options, model), tokenizer, () => Template(options, model), cancellation), model);

    /// <summary>Loads what there is to measure on, as <see cref="TrainingExamples.Test"/>.</summary>
    /// <inheritdoc cref="Load(TrainingOptions, LanguageModel, ITokenizer, CancellationToken)"/>
    public static TrainingExamples LoadTest(
        TrainingOptions options, LanguageModel model, ITokenizer tokenizer, CancellationToken cancellation = default) =>
        Of(UserData.LoadTest(Options(options, model), tokenizer, () => Template(options, model), cancellation), model);

    private static TrainingExamples Of(UserData data, LanguageModel model)
    {
        return new TrainingExamples(TaskObjective.LanguageModel, All(data.Train), All(data.Dev), All(data.Test))
        {
            SkippedRows = data.SkippedRows,
            FirstProblem = data.FirstProblem,
            Notes = data.Notes,
        };

        EncodedExample[] All(IReadOnlyList<EncodedExample> examples) => [.. examples.Select(e => TrainingExamples.Checked(e, model))];
    }

    // Texts have no natural length; as long as a model of a hundred thousand positions can take is more than memory may hold.
    private static UserDataOptions Options(TrainingOptions options, LanguageModel model)
    {
        const int Window = 512;
        if (model.Kind != ModelKind.Causal)
        {
            throw new InvalidInputException(
                $"'{model.Checkpoint.DisplayName}' is a {model.Shape.Architecture}, which does not continue texts; a causal language model "
                    + $"was expected for {Setting.Data} without {Setting.Task}.");
        }

        int positions = model.Shape.MaxPositions;
        int longest = model.Shape.LongestText;
        return new UserDataOptions(
            options.Data ?? TrainingExamples.TaskName, Math.Min(options.MaxLength ?? positions, longest),
            Math.Min(options.MaxLength ?? Math.Min(Window, positions), longest), options.SamplingSeed)
        {
            TrainSize = options.TrainSize,
            DevSize = options.DevSize,
            TestSize = options.TestSize,
            TrainOnPrompt = options.TrainOnPrompt,
            MaskHistory = options.MaskHistory,
            SplitSpecialTokens = options.SplitSpecialTokens,
            Columns = options.Columns,
            SkipBadRows = options.SkipBadRows,
        };
    }

    private static ChatTemplate Template(TrainingOptions options, LanguageModel model)
    {
        var folder = model.Checkpoint;
        return options.ChatTemplate is { } path
            ? ChatTemplateFile.Load(path, folder.ReadFile, folder.DisplayName)
            : ChatTemplateFile.Find(AdapterFiles.Over(options.AdapterFolder, folder.ReadFile), folder.DisplayName)
                ?? throw new InvalidInputException(
                    $"'{folder.DisplayName}' has no chat template, which conversations (lists of messages) need: chat_template.jinja, "
                        + $"chat_template in tokenizer_config.json or {Setting.ChatTemplate} was expected.");
    }
}
