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

    /// <summary>It has as many new tokens as were asked for.</summary>
    MaxNewTokens,

    /// <summary>It is as long as the model's texts can be.</summary>
    MaxPositions,
}

/// <summary>A continuation.</summary>
/// <param name="PromptIds">The tokens it continues.</param>
/// <param name="NewIds">Its tokens, with the one that ended the text.</param>
/// <param name="Text">Its text: that of all tokens without that of the prompt's.</param>
/// <param name="Stop">Why it ended.</param>
public sealed record Continuation(IReadOnlyList<int> PromptIds, IReadOnlyList<int> NewIds, string Text, StopReason Stop);

/// <summary>Continues texts, token by token.</summary>
/// <param name="model">The model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="backend">The device.</param>
/// <remarks>
/// Not thread-safe: a call during another, from a second thread or out of a callback, throws <see cref="InvalidOperationException"/>.
/// Threads that work at the same time have a generator and a backend each, over one model.
/// </remarks>
public sealed class TextGenerator(LanguageModel model, ITokenizer tokenizer, IBackend backend)
{
    private readonly UseGuard _use = new(nameof(TextGenerator));

    /// <summary>Continues a prompt.</summary>
    /// <param name="prompt">The text to continue; where it is empty the continuation begins from the BOS token.</param>
    /// <param name="maxNewTokens">The most tokens to add.</param>
    /// <param name="sampling">How tokens are chosen; the most probable ones when null.</param>
    /// <param name="onText">Told each piece of text as soon as it is settled; the pieces make up the continuation's text.</param>
    /// <param name="cancellation">Ends the work between two tokens.</param>
    /// <exception cref="InvalidInputException">The model is not causal, the prompt is too long, or empty where no token begins a text, or a
    /// number is outside its range.</exception>
    public Continuation Generate(
        string prompt,
        int maxNewTokens,
        SamplingOptions? sampling = null,
        Action<string>? onText = null,
        CancellationToken cancellation = default) =>
        Generate(PromptIds(prompt), maxNewTokens, sampling, onText, cancellation);

    /// <summary>Continues tokens, such as those of a conversation.</summary>
    /// <param name="promptIds">The tokens, at least one.</param>
    /// <param name="maxNewTokens">The most tokens to add.</param>
    /// <param name="sampling">How tokens are chosen; the most probable ones when null.</param>
    /// <param name="onText">Told each piece of text as soon as it is settled; the pieces make up the continuation's text.</param>
    /// <param name="cancellation">Ends the work between two tokens.</param>
    /// <exception cref="InvalidInputException">
    /// The model is not causal, the tokens are too many or not its own, or a number is outside its range.
    /// </exception>
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

    /// <summary>Continues tokens in the background, and hands out the text as it comes: <c>await foreach (string piece in …)</c>.</summary>
    /// <param name="promptIds">The tokens, at least one.</param>
    /// <param name="maxNewTokens">The most tokens to add.</param>
    /// <param name="sampling">How tokens are chosen; the most probable ones when null.</param>
    /// <param name="onEnd">Told the whole continuation after its last piece.</param>
    /// <param name="cancellation">Ends the work between two tokens; leaving the loop does too.</param>
    /// <returns>The pieces, none of them empty. The work begins with the first that is asked for, which throws what
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
    /// The tokens of a prompt: those of the text with what the tokenizer's convention puts around it, or BOS where it is empty.
    /// </summary>
    /// <param name="prompt">The text.</param>
    /// <param name="splitSpecialTokens">Whether special tokens that are written in it are letters there.</param>
    /// <exception cref="InvalidInputException">It is empty, and the model names no BOS token.</exception>
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
                $"There is no memory for the keys and values of a text of {tokens} tokens; a smaller {Setting.MaxNewTokens} was "
                    + "expected.", e);
        }
    }
}
