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
/// A model that is ready to use: weights, tokenizer and chat template of a checkpoint, or of what a run came to, on a device.
/// </summary>
/// <remarks>
/// Not thread-safe: work that begins during other work throws <see cref="InvalidOperationException"/>; a text is in work until the loop
/// over its pieces has ended. <see cref="Dispose"/> may be called at any time, and leaves to work in progress what that needs.
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
            Tokenizer = ModelLoader.Tokenizer(Model.Checkpoint);
            ChatTemplate = source.Template(Model, options.ChatTemplate);
            Backend.Load(Model.Parameters);
            _generator = new TextGenerator(Model, Tokenizer, Backend);
            Source = source;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Where it was found.</summary>
    public ModelSource Source { get; }

    /// <summary>The weights.</summary>
    public LanguageModel Model { get; }

    /// <summary>The tokenizer.</summary>
    public ITokenizer Tokenizer { get; }

    /// <summary>The device.</summary>
    public IBackend Backend { get; }

    /// <summary>The form of conversations; null where the model has none.</summary>
    public ChatTemplate? ChatTemplate { get; }

    /// <summary>Makes a model ready.</summary>
    /// <param name="model">A folder in the Hugging Face layout, the folder of a run, or <see cref="ModelLoader.BuiltIn"/>.</param>
    /// <param name="options">What else there is to say of it.</param>
    /// <param name="cancellation">Ends the work between two tensors.</param>
    /// <exception cref="InvalidInputException">The model, the adapter, the chat template or the device cannot be used.</exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public static TextModel Load(string model, TextModelOptions? options = null, CancellationToken cancellation = default) =>
        new(ModelSource.Of(model, options?.Adapter), options ?? new TextModelOptions(), cancellation);

    /// <summary>Makes a model ready in the background.</summary>
    /// <param name="model">A folder in the Hugging Face layout, the folder of a run, or <see cref="ModelLoader.BuiltIn"/>.</param>
    /// <param name="options">What else there is to say of it.</param>
    /// <param name="cancellation">Ends the work between two tensors.</param>
    /// <exception cref="InvalidInputException">The model, the adapter, the chat template or the device cannot be used.</exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public static Task<TextModel> LoadAsync(string model, TextModelOptions? options = null, CancellationToken cancellation = default) =>
        Task.Run(() => Load(model, options, cancellation), cancellation);

    /// <summary>Continues a text: <c>await foreach (string piece in …)</c>.</summary>
    /// <param name="prompt">The text; where it is empty the continuation begins from the BOS token.</param>
    /// <param name="options">How it is to be continued.</param>
    /// <param name="onEnd">Told the whole continuation after its last piece.</param>
    /// <param name="cancellation">Ends the work between two tokens; leaving the loop does too.</param>
    /// <returns>The pieces as they come, none of them empty. A prompt or options that cannot be used are refused with the first piece that
    /// is asked for, or before.</returns>
    /// <exception cref="InvalidInputException">The model is not causal, the prompt is too long, or empty where no token begins a text, or a
    /// number is outside its range.</exception>
    public IAsyncEnumerable<string> GenerateAsync(
        string prompt, GenerationOptions? options = null, Action<Continuation>? onEnd = null, CancellationToken cancellation = default) =>
        ContinueAsync(_generator.PromptIds(prompt), options, onEnd, cancellation);

    /// <summary>Answers a conversation: <c>await foreach (string piece in …)</c>.</summary>
    /// <param name="messages">The conversation so far.</param>
    /// <param name="options">How it is to be answered.</param>
    /// <param name="onEnd">Told the whole answer after its last piece.</param>
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
        var template = ChatTemplate ?? throw new InvalidInputException(
            $"'{Model.Checkpoint.DisplayName}' has no chat template; chat_template.jinja, chat_template in tokenizer_config.json or a "
                + "template of your own was expected.");
        string text = template.Render(messages, addGenerationPrompt: true, DateTime.Now, cancellation).Text;
        return ContinueAsync(Tokenizer.Begin(Tokenizer.EncodeMarkup(text)), options, onEnd, cancellation);
    }

    /// <summary>
    /// Measures the model on a task's validation rows, on texts of the user's own, or on the test examples of those that a program gives.
    /// </summary>
    /// <param name="rows">Task, data, their sizes and seed, as for a training; what it says of training has no part.</param>
    /// <param name="evaluation">What stands around the rows of a task; null for nothing.</param>
    /// <param name="metrics">Metrics of the program's own, beside those that suit the rows; null for none.</param>
    /// <param name="cancellation">Ends the work between two batches.</param>
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

    /// <summary>Gives back the device and the weights.</summary>
    public void Dispose()
    {
        Backend.Dispose();
        Model?.Dispose();
    }

    private IAsyncEnumerable<string> ContinueAsync(
        int[] promptIds, GenerationOptions? options, Action<Continuation>? onEnd, CancellationToken cancellation)
    {
        options ??= new GenerationOptions();
        return _generator.GenerateAsync(
            promptIds, options.NewTokens(Model.Generation, promptIds.Length), options.Sampling(Model.Generation), onEnd, cancellation);
    }
}
