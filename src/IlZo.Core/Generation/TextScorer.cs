using IlZo.Backends;
using IlZo.Models;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Generation;

/// <summary>A token and the logarithm of its probability.</summary>
public sealed record ScoredToken(int Id, double LogProbability);

/// <summary>What a model makes of a text.</summary>
/// <param name="Ids">Its tokens.</param>
/// <param name="TokenLogProbabilities">log p of each token given those before it; null for the first.</param>
/// <param name="MeanNll">The mean of their negatives, in nats; null for a single token.</param>
/// <param name="Top">The most probable next tokens after the text.</param>
public sealed record TextScore(
    IReadOnlyList<int> Ids, IReadOnlyList<double?> TokenLogProbabilities, double? MeanNll, IReadOnlyList<ScoredToken> Top);

/// <summary>What a masked language model makes of a text.</summary>
/// <param name="Ids">Its tokens.</param>
/// <param name="Masks">For each mask, in order, its position and the most probable tokens there.</param>
public sealed record MaskedScore(IReadOnlyList<int> Ids, IReadOnlyList<(int Position, IReadOnlyList<ScoredToken> Top)> Masks);

/// <summary>Computes how probable texts are to a model.</summary>
/// <param name="model">The model.</param>
/// <param name="backend">The device.</param>
/// <remarks>
/// Not thread-safe: a call during another, from a second thread, throws <see cref="InvalidOperationException"/>. Threads that work at the
/// same time have a scorer and a backend each, over one model.
/// </remarks>
public sealed class TextScorer(LanguageModel model, IBackend backend)
{
    private readonly UseGuard _use = new(nameof(TextScorer));

    /// <summary>Tokens that a score names, next ones or those at a mask.</summary>
    public const int TopCount = 5;

    // Rows of logits that are computed at a time; results do not depend on it.
    private const int LogitRows = 128;

    /// <summary>Refuses tokens that a model cannot take.</summary>
    /// <exception cref="InvalidInputException">There are none or too many, or one is outside the vocabulary.</exception>
    internal static void CheckIds(IReadOnlyList<int> ids, ModelShape shape, string where)
    {
        if (ids.Count == 0)
        {
            throw new InvalidInputException($"{where} has no tokens; at least one was expected.");
        }

        if (ids.Count > shape.LongestText)
        {
            throw new InvalidInputException(
                $"{where} has {ids.Count} tokens; at most {shape.LongestText}, the model's positions, were expected.");
        }

        CheckVocabulary(ids, shape, where);
    }

    /// <summary>Refuses tokens that a model does not have.</summary>
    /// <exception cref="InvalidInputException">One is outside the vocabulary.</exception>
    internal static void CheckVocabulary(IReadOnlyList<int> ids, ModelShape shape, string where)
    {
        foreach (int id in ids)
        {
            if (id < 0 || id >= shape.Vocabulary)
            {
                throw new InvalidInputException($"{where} has the token id {id}; ids from 0 to {shape.Vocabulary - 1} were expected.");
            }
        }
    }

    /// <summary>Scores a text.</summary>
    /// <param name="ids">Its tokens.</param>
    /// <param name="where">What messages call it.</param>
    /// <param name="cancellation">Ends the work between two layers.</param>
    /// <exception cref="InvalidInputException">The model is not causal, or cannot take these tokens.</exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public TextScore Score(IReadOnlyList<int> ids, string where = "The text", CancellationToken cancellation = default) =>
        Score(ids, where, null, cancellation);

    /// <summary>Scores a text, and writes the logits of all positions as row-major fp32 [tokens, vocabulary] where there is room.</summary>
    internal TextScore Score(IReadOnlyList<int> ids, string where, NativeBuffer? logits, CancellationToken cancellation = default)
    {
        using var use = _use.Enter();
        model.RequireCausal();
        CheckIds(ids, model.Shape, where);
        var (pass, hidden) = Forward(ids, cancellation);
        (int Output, int Id)[] targets = [.. ids.Skip(1).Select((id, i) => (i, id))];
        double[] logProbabilities = targets.Length == 0 ? [] : pass.LogProbabilities(hidden, model.Head, targets)[0];
        StoreLogits(pass, hidden, ids.Count, logits, cancellation);
        var top = Top(pass, hidden, ids.Count - 1);
        model.Checkpoint.RequireUnchanged();
        return new TextScore(ids, [null, .. logProbabilities], ids.Count == 1 ? null : -logProbabilities.Average(), top);
    }

    /// <summary>Scores what may stand at the masks of a text.</summary>
    /// <param name="ids">Its tokens.</param>
    /// <param name="maskId">The token that masks one.</param>
    /// <param name="where">What messages call it.</param>
    /// <param name="cancellation">Ends the work between two layers.</param>
    /// <exception cref="InvalidInputException">
    /// The model is no masked language model, cannot take these tokens, or there is no mask.
    /// </exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public MaskedScore ScoreMasks(
        IReadOnlyList<int> ids, int maskId, string where = "The text", CancellationToken cancellation = default) =>
        ScoreMasks(ids, maskId, where, null, cancellation);

    /// <summary>Scores masks, and writes the logits of all positions as row-major fp32 [tokens, vocabulary] where there is room.</summary>
    internal MaskedScore ScoreMasks(
        IReadOnlyList<int> ids, int maskId, string where, NativeBuffer? logits, CancellationToken cancellation = default)
    {
        using var use = _use.Enter();
        if (model.Kind != ModelKind.Masked)
        {
            throw new InvalidInputException(
                $"'{model.Checkpoint.DisplayName}' ({model.Shape.Architecture}) is not a masked language model; one was expected.");
        }

        CheckMasks(ids, maskId, where);
        CheckIds(ids, model.Shape, where);
        var (pass, hidden) = Forward(ids, cancellation);
        StoreLogits(pass, hidden, ids.Count, logits, cancellation);
        List<(int, IReadOnlyList<ScoredToken>)> masks =
            [.. ids.Index().Where(t => t.Item == maskId).Select(t => (t.Index, Top(pass, hidden, t.Index)))];
        model.Checkpoint.RequireUnchanged();
        return new MaskedScore(ids, masks);
    }

    /// <summary>Refuses a text without a mask.</summary>
    /// <exception cref="InvalidInputException">It has none.</exception>
    internal static void CheckMasks(IReadOnlyList<int> ids, int maskId, string where)
    {
        if (!ids.Contains(maskId))
        {
            throw new InvalidInputException($"{where} has no mask (the token {maskId}), at which a masked language model says what may "
                + "stand there; at least one was expected.");
        }
    }

    private (IPass Pass, Activation Hidden) Forward(IReadOnlyList<int> ids, CancellationToken cancellation)
    {
        var builder = new TokenBatchBuilder();
        int segment = builder.AddText([.. ids]);
        for (int i = 0; i < ids.Count; i++)
        {
            builder.Read(segment, i);
        }

        var pass = backend.Begin(builder.Build(), [Probe.Unperturbed]);
        return (pass, model.Forward(pass, (_, _) => cancellation.ThrowIfCancellationRequested()));
    }

    private unsafe void StoreLogits(
        IPass pass, Activation hidden, int tokens, NativeBuffer? logits, CancellationToken cancellation)
    {
        long vocabulary = model.Head.Rows;
        for (int row = 0; logits is not null && row < tokens; row += LogitRows)
        {
            cancellation.ThrowIfCancellationRequested();
            int rows = Math.Min(LogitRows, tokens - row);
            var destination = new Span<float>((float*)logits.Data + (row * vocabulary), checked((int)(rows * vocabulary)));
            pass.Logits(hidden, model.Head, destination, row);
        }
    }

    private List<ScoredToken> Top(IPass pass, Activation hidden, int row)
    {
        float[] logits = new float[model.Head.Rows];
        pass.Logits(hidden, model.Head, logits, row);
        double sum = TokenRanking.LogSum(logits);
        return [.. TokenRanking.Top(logits, TopCount).Select(id => new ScoredToken(id, logits[id] - sum))];
    }
}
