using IlZo.Adapters;
using IlZo.Backends;
using IlZo.Datasets;
using IlZo.Generation;
using IlZo.Models;
using IlZo.Tasks;
using IlZo.Tokenization;
using IlZo.Tokenization.ChatTemplates;
using IlZo.Training;

namespace IlZo.Inference;

/// <summary>
/// A model that is ready to use: the weights, tokenizer and chat template of a checkpoint, or of a run's result, on a device.
/// </summary>
/// <remarks>
/// Not thread-safe: a call made while another is in progress throws <see cref="InvalidOperationException"/>; generation is in progress
/// until the loop over its pieces has ended. <see cref="Dispose"/> may be called at any time; work in progress keeps the resources it
/// needs.
/// </remarks>
public sealed class TextModel : IDisposable
{
    private readonly TextGenerator _generator;

    private TextModel(ModelSource source, TextModelOptions options, CancellationToken cancellation)
    {
        options.Engine.Validate(DeviceName.KindOf(options.Device));
        Backend = options.Backends(options.Device, options.Threads, options.Engine);
        try
        {
            Model = source.Load(options.DType, cancellation);
            Others = AttachOthers(Model, options.Others);
            Tokenizer = ModelLoader.Tokenizer(Model.Checkpoint);
            ChatTemplate = source.Template(Model, options.ChatTemplate);
            Backend.Load(Model.Parameters, cancellation);
            _generator = new TextGenerator(Model, Tokenizer, Backend);
            Source = source;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Where the model was loaded from.</summary>
    public ModelSource Source { get; }

    /// <summary>The weights.</summary>
    public LanguageModel Model { get; }

    /// <summary>The further adapters of the model, in the order of the options.</summary>
    internal IReadOnlyList<Adapter> Others { get; }

    /// <summary>The tokenizer.</summary>
    public ITokenizer Tokenizer { get; }

    /// <summary>The device.</summary>
    public IBackend Backend { get; }

    /// <summary>The chat template; null if the model has none.</summary>
    public ChatTemplate? ChatTemplate { get; }

    /// <summary>Loads a model and makes it ready to use.</summary>
    /// <param name="model">A folder in the Hugging Face layout, the folder of a run, or <see cref="ModelLoader.BuiltIn"/>.</param>
    /// <param name="options">What else there is to say of it.</param>
    /// <param name="cancellation">Ends the work between two tensors.</param>
    /// <exception cref="InvalidInputException">The model, the adapter, the chat template or the device cannot be used.</exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public static TextModel Load(string model, TextModelOptions? options = null, CancellationToken cancellation = default) =>
        new(ModelSource.Of(model, options?.Adapter), options ?? new TextModelOptions(), cancellation);

    /// <summary>Loads a model in the background and makes it ready to use.</summary>
    /// <param name="model">A folder in the Hugging Face layout, the folder of a run, or <see cref="ModelLoader.BuiltIn"/>.</param>
    /// <param name="options">What else there is to say of it.</param>
    /// <param name="cancellation">Ends the work between two tensors.</param>
    /// <exception cref="InvalidInputException">The model, the adapter, the chat template or the device cannot be used.</exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public static Task<TextModel> LoadAsync(string model, TextModelOptions? options = null, CancellationToken cancellation = default) =>
        Task.Run(() => Load(model, options, cancellation), cancellation);

    /// <summary>Continues a text: <c>await foreach (string piece in …)</c>.</summary>
    /// <param name="prompt">The text; if empty, generation starts from the BOS token.</param>
    /// <param name="options">How to generate.</param>
    /// <param name="onEnd">Receives the whole continuation after its last piece.</param>
    /// <param name="cancellation">Ends the work between two tokens; leaving the loop does too.</param>
    /// <returns>The pieces as they are generated, none of them empty. Invalid prompts or options are rejected when the first piece is
    /// requested, or earlier.</returns>
    /// <exception cref="InvalidInputException">The model is not causal, the prompt is too long, or empty although the model has no BOS
    /// token, or a number is out of range.</exception>
    public IAsyncEnumerable<string> GenerateAsync(
        string prompt, GenerationOptions? options = null, Action<Continuation>? onEnd = null, CancellationToken cancellation = default) =>
        ContinueAsync(_generator.PromptIds(prompt), options, onEnd, cancellation);

    /// <summary>Answers a conversation: <c>await foreach (string piece in …)</c>.</summary>
    /// <param name="messages">The conversation so far.</param>
    /// <param name="options">How to generate the answer.</param>
    /// <param name="onEnd">Receives the whole answer after its last piece.</param>
    /// <param name="cancellation">Ends the work between two tokens; leaving the loop does too.</param>
    /// <returns>The pieces of the answer, as for <see cref="GenerateAsync"/>.</returns>
    /// <exception cref="InvalidInputException">
    /// The model is not causal or has no chat template, the template refuses the messages, the conversation is too long, or a number is
    /// outside its range.
    /// </exception>
    public IAsyncEnumerable<string> ChatAsync(
        IEnumerable<ChatMessage> messages, GenerationOptions? options = null, Action<Continuation>? onEnd = null,
        CancellationToken cancellation = default)
    {
        string text = RequireTemplate().Render(messages, addGenerationPrompt: true, DateTime.Now, cancellation).Text;
        return ContinueAsync(Tokenizer.Begin(Tokenizer.EncodeMarkup(text)), options, onEnd, cancellation);
    }

    /// <summary>
    /// Evaluates the model on a task's validation rows, on the user's own texts, or on the test examples among those that a program
    /// supplies.
    /// </summary>
    /// <param name="rows">Task, data, their sizes and seed, as for training; options that only concern training are ignored.</param>
    /// <param name="evaluation">What surrounds the rows of a task, such as demonstrations; null for nothing.</param>
    /// <param name="metrics">The program's own metrics, in addition to those that apply to the rows; null for none.</param>
    /// <param name="cancellation">Cancels between two batches.</param>
    /// <exception cref="InvalidInputException">The task or the data cannot be used with this model.</exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public Task<Evaluation> EvaluateAsync(
        TrainingOptions rows,
        EvaluationOptions? evaluation = null,
        IReadOnlyList<IMetric>? metrics = null,
        CancellationToken cancellation = default) => Task.Run(
        () =>
        {
            rows = rows with { Model = Source.Model, Adapter = Source.Adapter };
            rows.Validate();
            if (Presets.TaskOf(rows) is UserData.TaskName or TrainingExamples.TaskName)
            {
                var own = rows.Examples is null
                    ? OwnExamples.LoadTest(rows, Model, Tokenizer, cancellation)
                    : TrainingExamples.Load(rows, Model, Tokenizer, cancellation);
                return new LossEvaluator(Model, Backend, own.Objective, answers: own.Answers, metrics: [.. own.Metrics, .. metrics ?? []])
                    .Evaluate(own.Test, cancellation);
            }

            var examples = EvaluationExamples.Load(rows, evaluation ?? new EvaluationOptions(), Model, Tokenizer, cancellation);
            metrics = [.. MetricCatalog.Of(examples.Task.Definition.Answers), .. metrics ?? []];
            return new LossEvaluator(Model, Backend, examples.Task.Objective, answers: examples.Task.Answers, metrics: metrics)
                .Evaluate(examples.Test, examples.ContentFree, cancellation);
        },
        cancellation);

    /// <summary>The chat template.</summary>
    /// <exception cref="InvalidInputException">The model has none.</exception>
    internal ChatTemplate RequireTemplate() => ChatTemplate ?? throw new InvalidInputException(
        $"'{Model.Checkpoint.DisplayName}' has no chat template; chat_template.jinja, chat_template in tokenizer_config.json or "
            + $"{Setting.ChatTemplate} was expected.");

    /// <inheritdoc cref="TextGenerator.PromptIds"/>
    internal int[] PromptIds(string prompt) => _generator.PromptIds(prompt);

    /// <summary>Releases the device and the weights.</summary>
    public void Dispose()
    {
        Backend.Dispose();
        Model?.Dispose();
    }

    // The weights are held once: an adapter is what passes have beside them.
    private static List<Adapter> AttachOthers(LanguageModel model, IReadOnlyList<string> folders)
    {
        var own = model.Adapter;
        var others = new List<Adapter>();
        foreach (string folder in folders)
        {
            model.Use(null);
            AdapterFactory.Attach(model, folder);
            others.Add(model.Adapter!);
        }

        model.Use(own);
        return others;
    }

    private IAsyncEnumerable<string> ContinueAsync(
        int[] promptIds, GenerationOptions? options, Action<Continuation>? onEnd, CancellationToken cancellation)
    {
        options ??= new GenerationOptions();
        return _generator.GenerateAsync(
            promptIds, options.NewTokens(Model.Generation, promptIds.Length), options.Sampling(Model.Generation), onEnd,
            options.StopStrings, cancellation);
    }
}
