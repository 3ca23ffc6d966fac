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
}

/// <summary>A continuation.</summary>
/// <param name="PromptIds">The tokens of the prompt.</param>
/// <param name="NewIds">The generated tokens, including the one that ended the text.</param>
/// <param name="Text">The generated text: the text of all tokens minus that of the prompt.</param>
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
    /// <param name="cancellation">Ends the work between two tokens.</param>
    /// <exception cref="InvalidInputException">The model is not causal, the prompt is too long, or empty although the model has no BOS
    /// token, or a number is out of range.</exception>
    public Continuation Generate(
        string prompt,
        int maxNewTokens,
        SamplingOptions? sampling = null,
        Action<string>? onText = null,
        CancellationToken cancellation = default) =>
        Generate(PromptIds(prompt), maxNewTokens, sampling, onText, cancellation);

    /// <summary>Continues a sequence of tokens, such as that of a conversation.</summary>
    /// <param name="promptIds">The tokens, at least one.</param>
    /// <param name="maxNewTokens">The most tokens to add.</param>
    /// <param name="sampling">How tokens are chosen; the most probable ones when null.</param>
    /// <param name="onText">Told each piece of text as soon as it is settled; the pieces make up the continuation's text.</param>
    /// <param name="cancellation">Ends the work between two tokens.</param>
    /// <exception cref="InvalidInputException"> The model is not causal, there are too many tokens or some are not in its vocabulary, or a
    /// number is out of range. </exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public Continuation Generate(
        IReadOnlyList<int> promptIds,
        int maxNewTokens,
        SamplingOptions? sampling = null,
        Action<string>? onText = null,
        CancellationToken cancellation = default)
    {
        using var use = _use.Enter();
        model.RequireCausal();
        TextScorer.CheckIds(promptIds, model.Shape, "The prompt");
        sampling ??= new SamplingOptions();
        sampling.Validate();
        if (maxNewTokens < 0)
        {
            throw new InvalidInputException($"{Setting.MaxNewTokens} is {maxNewTokens}; 0 or more was expected.");
        }

        var text = new StreamingText(tokenizer, promptIds);
        var sampler = new TokenSampler(sampling);
        int room = (int)Math.Min((long)promptIds.Count + maxNewTokens, model.Shape.LongestText);
        using var cache = CreateCache(room);
        var ids = new List<int>(promptIds);
        var stop = room < promptIds.Count + (long)maxNewTokens ? StopReason.MaxPositions : StopReason.MaxNewTokens;
        int known = 0;
        while (ids.Count < room)
        {
            cancellation.ThrowIfCancellationRequested();
            float[] logits = NextToken.Logits(model, tokenizer, backend, Probe.Unperturbed, ids, known, cache);
            known = ids.Count;
            sampler.Penalize(logits, ids);
            ids.Add(sampler.Choose(logits, ids.Count));
            if (NextToken.Ends(model, tokenizer, ids[^1]))
            {
                text.Add(ids[^1]);
                stop = StopReason.EndOfText;
                break;
            }

            Tell(text.Add(ids[^1]));
        }

        Tell(text.Finish());
        model.Checkpoint.RequireUnchanged();
        return new Continuation(promptIds, ids[promptIds.Count..], text.Text, stop);

        void Tell(string piece)
        {
            if (piece.Length > 0)
            {
                onText?.Invoke(piece);
            }
        }
    }

    /// <summary>
    /// Continues tokens in the background and yields the text as it is generated: <c>await foreach (string piece in …)</c>.
    /// </summary>
    /// <param name="promptIds">The tokens, at least one.</param>
    /// <param name="maxNewTokens">The most tokens to add.</param>
    /// <param name="sampling">How tokens are chosen; the most probable ones when null.</param>
    /// <param name="onEnd">Receives the whole continuation after its last piece.</param>
    /// <param name="cancellation">Ends the work between two tokens; leaving the loop does too.</param>
    /// <returns>The pieces, none of them empty. Work begins when the first is requested, which throws whatever
    /// <see cref="Generate(IReadOnlyList{int}, int, SamplingOptions?, Action{string}?, CancellationToken)"/> throws.</returns>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public async IAsyncEnumerable<string> GenerateAsync(
        IReadOnlyList<int> promptIds,
        int maxNewTokens,
        SamplingOptions? sampling = null,
        Action<Continuation>? onEnd = null,
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
                return Generate(promptIds, maxNewTokens, sampling, piece => pieces.Writer.TryWrite(piece), left.Token);
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

    private KeyValueCache CreateCache(int tokens)
    {
        try
        {
            return backend.CreateCache(model.Shape.Layers, model.Shape.KeyFeatures, tokens);
        }
        catch (OutOfMemoryException e)
        {
            throw new InvalidInputException(
                $"There is not enough memory for the keys and values of a text of {tokens} tokens; a smaller {Setting.MaxNewTokens} was "
                    + "expected.", e);
        }
    }
}
