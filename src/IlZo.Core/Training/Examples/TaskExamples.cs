using IlZo.Models;
using IlZo.Tasks;
using IlZo.Tokenization;

namespace IlZo.Training;

/// <summary>A task and its data for a model: makes encoded examples.</summary>
internal sealed class TaskExamples
{
    private readonly LanguageModel _model;
    private readonly Func<Example, string, EncodedExample> _encode;

    private TaskExamples(
        TaskDefinition definition,
        TaskData data,
        LanguageModel model,
        Func<Example, string, EncodedExample> encode,
        AnswerSettings? answers)
    {
        Definition = definition;
        Data = data;
        Answers = answers;
        _model = model;
        _encode = encode;
    }

    public TaskDefinition Definition { get; }

    public TaskData Data { get; }

    /// <summary>What the examples are trained on.</summary>
    public TaskObjective Objective => _model.Kind == ModelKind.Causal ? Definition.Objective : TaskObjective.Classification;

    /// <summary>How answers are generated; null where candidates are compared.</summary>
    public AnswerSettings? Answers { get; }

    /// <summary>Reads the task and the data that options name.</summary>
    /// <exception cref="InvalidInputException">They cannot be used with this model, or leave no room for prompts.</exception>
    public static TaskExamples Load(TrainingOptions options, LanguageModel model, ITokenizer tokenizer)
    {
        var definition = TaskCatalog.Load(Presets.TaskOf(options));
        var encode = Encoder(options, definition, model, tokenizer);
        var data = options.Data is { } folder ? TaskData.Load(definition, folder) : TaskData.LoadBuiltIn(definition);
        var answers = definition.Generates ? new AnswerSettings(tokenizer, definition.MaxNewTokens) : null;
        return new TaskExamples(definition, data, model, encode, answers);
    }

    /// <summary>Encodes an example.</summary>
    /// <param name="example">The example.</param>
    /// <param name="demonstrations">Solved examples in front of the prompt, which only causal models take.</param>
    /// <exception cref="InvalidInputException">It does not fit, or the tokenizer is not the model's.</exception>
    public EncodedExample Encode(Example example, string demonstrations = "") =>
        TrainingExamples.Checked(_encode(example, demonstrations), _model);

    // The prompt that suits the model, and what encodes it.
    private static Func<Example, string, EncodedExample> Encoder(
        TrainingOptions options, TaskDefinition definition, LanguageModel model, ITokenizer tokenizer)
    {
        int positions = options.MaxLength is null ? model.Shape.MaxPositions : model.Shape.LongestText;
        if (model.Kind == ModelKind.Causal)
        {
            return definition.HasCausalPrompt
                ? new ExampleEncoder(
                    tokenizer, PromptRoom(Math.Min(options.MaxLength ?? int.MaxValue, positions), definition, positions)).Encode
                : throw new InvalidInputException(
                    $"Task {definition.Name} has no prompt for a causal language model such as {model.Shape.Architecture}; a task with "
                        + "\"prompt\" and \"answer\" was expected.");
        }

        if (model.Kind == ModelKind.Classifier)
        {
            RequireClasses(definition, model);
            var pairs = new TextPairEncoder(
                tokenizer, model.IsBidirectional, Math.Min(options.MaxLength ?? TextPairEncoder.DefaultMaxLength, positions),
                model.TokenTypes is not null);
            return (example, _) => pairs.Encode(example);
        }

        model.RequireHead();
        if (definition.MaskedMaxLength is not { } maxLength)
        {
            throw new InvalidInputException(
                $"Task {definition.Name} has no prompt for a masked language model such as {model.Shape.Architecture}; a task with "
                    + "\"masked\" was expected.");
        }

        var masked = new MaskedExampleEncoder(tokenizer, Math.Min(options.MaxLength ?? maxLength, positions));
        return (example, _) => masked.Encode(example);
    }

    // Prompts leave room for the answer that is generated after them, in training too, so that both are cut alike.
    private static int PromptRoom(
        int room, TaskDefinition definition, int positions) => room - definition.MaxNewTokens is >= 2 and int prompt
        ? prompt
        : throw new InvalidInputException(
            $"Prompts may have {room} tokens and task {definition.Name} generates up to {definition.MaxNewTokens}; "
            + $"a {Setting.MaxLength} of {definition.MaxNewTokens + 2} or more, within the model's {positions} positions, was expected.");

    private static void RequireClasses(TaskDefinition definition, LanguageModel model)
    {
        if (!definition.HasTexts)
        {
            throw new InvalidInputException(
                $"Task {definition.Name} does not say what a classification head such as {model.Shape.Architecture}'s reads; a task with "
                    + "\"texts\" was expected.");
        }

        if (definition.CandidateCount != model.Head.Rows)
        {
            throw new InvalidInputException(
                $"'{model.Checkpoint.DisplayName}' tells {model.Head.Rows} classes apart and task {definition.Name} has "
                    + $"{definition.CandidateCount}; as many were expected.");
        }
    }
}
