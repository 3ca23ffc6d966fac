using System.Runtime.CompilerServices;
using System.Threading.Channels;
using IlZo.Backends;
using IlZo.Models;
using IlZo.Perturbations;
using IlZo.Tokenization;

namespace IlZo.Generation;

/// <summary>Why a text ended.</summary>
public enum StopReason
{
    /// <summary>The model ended it.</summary>
    EndOfText,

    /// <summary>It reached the requested number of new tokens.</summary>
    MaxNewTokens,

    /// <summary>It reached the maximum length of the model's texts.</summary>
    MaxPositions,

    /// <summary>One of the strings that were to end it came up.</summary>
    StopString,
}

/// <summary>A continuation.</summary>
/// <param name="PromptIds">The tokens of the prompt.</param>
/// <param name="NewIds">The generated tokens, including the one that ended the text, and those of a string that did.</param>
/// <param name="Text">The generated text: the text of all tokens minus that of the prompt, up to a string that ended it.</param>
/// <param name="Stop">Why it ended.</param>
public sealed record Continuation(IReadOnlyList<int> PromptIds, IReadOnlyList<int> NewIds, string Text, StopReason Stop);

/// <summary>Continues texts, token by token.</summary>
/// <param name="model">The model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="backend">The device.</param>
/// <remarks>
/// Not thread-safe: a call during another, from a second thread or from a callback, throws <see cref="InvalidOperationException"/>. To
/// generate in parallel, give each thread its own generator and backend over one shared model.
/// </remarks>
public sealed class TextGenerator(LanguageModel model, ITokenizer tokenizer, IBackend backend)
{
    private readonly UseGuard _use = new(nameof(TextGenerator));

    /// <summary>Continues a prompt.</summary>
    /// <param name="prompt">The text to continue; if empty, generation starts from the BOS token.</param>
    /// <param name="maxNewTokens">The most tokens to add.</param>
    /// <param name="sampling">How tokens are chosen; the most probable ones when null.</param>
    /// <param name="onText">Told each piece of text as soon as it is settled; the pieces make up the continuation's text.</param>
    /// <param name="stopStrings">Strings that end the continuation where one of them comes up, and are no part of it; none when
    /// null.</param>
    /// <param name="cancellation">Ends the work between two tokens.</param>
    /// <exception cref="InvalidInputException">The model is not causal, the prompt is too long, or empty although the model has no BOS
    /// token, or a number is out of range.</exception>
    public Continuation Generate(
        string prompt,
        int maxNewTokens,
        SamplingOptions? sampling = null,
        Action<string>? onText = null,
        IReadOnlyList<string>? stopStrings = null,
        CancellationToken cancellation = default) =>
        Generate(PromptIds(prompt), maxNewTokens, sampling, onText, stopStrings, cancellation);

    /// <summary>Continues a sequence of tokens, such as that of a conversation.</summary>
    /// <param name="promptIds">The tokens, at least one.</param>
    /// <param name="maxNewTokens">The most tokens to add.</param>
    /// <param name="sampling">How tokens are chosen; the most probable ones when null.</param>
    /// <param name="onText">Told each piece of text as soon as it is settled; the pieces make up the continuation's text.</param>
    /// <param name="stopStrings">Strings that end the continuation where one of them comes up, and are no part of it; none when
    /// null.</param>
    /// <param name="cancellation">Ends the work between two tokens.</param>
    /// <exception cref="InvalidInputException"> The model is not causal, there are too many tokens or some are not in its vocabulary, or a
    /// number is out of range. </exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public Continuation Generate(
        IReadOnlyList<int> promptIds,
        int maxNewTokens,
        SamplingOptions? sampling = null,
        Action<string>? onText = null,
        IReadOnlyList<string>? stopStrings = null,
        CancellationToken cancellation = default)
    {
        using var use = _use.Enter();
        var text = new ContinuedText(
            model, tokenizer, promptIds, maxNewTokens, sampling, stopStrings, piece => onText?.Invoke(piece.Text));
        using var slots = new TextSlots(model, tokenizer.VocabularySize, backend, Probe.Unperturbed, text.Room);
        GrowingText.GrowAll(slots, [text], cancellation: cancellation);
        return End(text);
    }

    /// <summary>
    /// Continues many prompts, several at a time: a pass of the model gives each of them its next token. Each continuation is the one that
    /// its prompt has alone, bit for bit.
    /// </summary>
    /// <param name="prompts">The tokens of each, at least one.</param>
    /// <param name="options">How to continue them; what it leaves open, the model's own settings decide.</param>
    /// <param name="onEnd">Told the number of a prompt and its continuation, in the order in which they end.</param>
    /// <param name="cancellation">Ends the work between two tokens.</param>
    /// <returns>The continuations, in the order of the prompts.</returns>
    /// <exception cref="InvalidInputException">As for one prompt; nothing was generated then.</exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public IReadOnlyList<Continuation> GenerateAll(
        IReadOnlyList<IReadOnlyList<int>> prompts,
        GenerationOptions? options = null,
        Action<int, Continuation>? onEnd = null,
        CancellationToken cancellation = default)
    {
        using var use = _use.Enter();
        options ??= new GenerationOptions();
        var sampling = options.Sampling(model.Generation);
        ContinuedText[] texts =
        [
            .. prompts.Select((ids, i) => new ContinuedText(
                model, tokenizer, ids, options.NewTokens(model.Generation, ids.Count), sampling, options.StopStrings,
                where: $"Prompt {i + 1}")),
        ];
        if (texts.Length == 0)
        {
            return [];
        }

        var ended = new Continuation[texts.Length];
        int longest = texts.Max(t => t.Room);
        using var slots = new TextSlots(
            model, tokenizer.VocabularySize, backend, Probe.Unperturbed, longest, TextSlots.CountFor(model, longest, texts.Length));
        GrowingText.GrowAll(slots, texts, Tell, cancellation);
        model.Checkpoint.RequireUnchanged();
        return ended;

        void Tell(int number)
        {
            ended[number] = texts[number].End();
            onEnd?.Invoke(number, ended[number]);
        }
    }

    /// <summary>
    /// Continues tokens in the background and yields the text as it is generated: <c>await foreach (string piece in …)</c>.
    /// </summary>
    /// <param name="promptIds">The tokens, at least one.</param>
    /// <param name="maxNewTokens">The most tokens to add.</param>
    /// <param name="sampling">How tokens are chosen; the most probable ones when null.</param>
    /// <param name="onEnd">Receives the whole continuation after its last piece.</param>
    /// <param name="stopStrings">Strings that end the continuation where one of them comes up, and are no part of it; none when
    /// null.</param>
    /// <param name="cancellation">Ends the work between two tokens; leaving the loop does too.</param>
    /// <returns>The pieces, none of them empty. Work begins when the first is requested, which throws whatever
    /// <see cref="Generate(IReadOnlyList{int}, int, SamplingOptions?, Action{string}?, IReadOnlyList{string}?, CancellationToken)"/>
    /// throws.</returns>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public async IAsyncEnumerable<string> GenerateAsync(
        IReadOnlyList<int> promptIds,
        int maxNewTokens,
        SamplingOptions? sampling = null,
        Action<Continuation>? onEnd = null,
        IReadOnlyList<string>? stopStrings = null,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var pieces = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        using var left = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var work = Task.Run(Work, CancellationToken.None);
        try
        {
            await foreach (string piece in pieces.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                cancellation.ThrowIfCancellationRequested();
                yield return piece;
            }

            var whole = await work.ConfigureAwait(false);
            onEnd?.Invoke(whole);
        }
        finally
        {
            // The generator is free again when the loop is left, whatever it is left for.
            await left.CancelAsync().ConfigureAwait(false);
            await ((Task)work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Continuation Work()
        {
            try
            {
                return Generate(
                    promptIds, maxNewTokens, sampling, piece => pieces.Writer.TryWrite(piece), stopStrings, left.Token);
            }
            finally
            {
                pieces.Writer.Complete();
            }
        }
    }

    /// <summary>
    /// The tokens of a prompt: those of the text with the special tokens that the tokenizer normally adds, or BOS if the text is empty.
    /// </summary>
    /// <param name="prompt">The text.</param>
    /// <param name="splitSpecialTokens">Whether special tokens written in the text are treated as ordinary letters.</param>
    /// <exception cref="InvalidInputException">The text is empty, and the model has no BOS token.</exception>
    public int[] PromptIds(string prompt, bool splitSpecialTokens = false)
    {
        int[] ids = prompt.Length > 0 ? ScoreInputs.Encode(prompt, tokenizer, splitSpecialTokens) : [];
        return ids.Length > 0 ? ids : [model.Shape.BosId ?? throw new InvalidInputException(
            $"'{model.Checkpoint.DisplayName}' names no bos_token_id to begin a text with; a prompt was expected.")];
    }

    private Continuation End(ContinuedText text)
    {
        var continuation = text.End();
        model.Checkpoint.RequireUnchanged();
        return continuation;
    }
}
