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

/// <summary>Computes how probable texts are to a model.</summary>
/// <param name="model">The model.</param>
/// <param name="backend">The device.</param>
/// <remarks>
/// Not thread-safe: a call during another, from a second thread, throws <see cref="InvalidOperationException"/>. Threads that work at the same
/// time have a scorer and a backend each, over one model.
/// </remarks>
public sealed class TextScorer(LanguageModel model, IBackend backend)
{
    private readonly UseGuard _use = new(nameof(TextScorer));

    /// <summary>Next tokens that a score names.</summary>
    public const int TopCount = 5;

    // Rows of logits that are computed at a time; results do not depend on it.
    private const int LogitRows = 128;

    /// <summary>Refuses tokens that a model cannot take.</summary>
    /// <exception cref="InvalidInputException">There are none or too many, or one is outside the vocabulary.</exception>
    public static void CheckIds(IReadOnlyList<int> ids, ModelShape shape, string where)
    {
        if (ids.Count == 0)
        {
            throw new InvalidInputException($"{where} has no tokens; at least one was expected.");
        }

        if (ids.Count > shape.LongestText)
        {
            throw new InvalidInputException($"{where} has {ids.Count} tokens; at most {shape.LongestText}, the model's positions, were expected.");
        }

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
    /// <param name="logits">Receives the logits of all positions as row-major fp32 [tokens, vocabulary], or null.</param>
    /// <exception cref="InvalidInputException">The model is not causal, or cannot take these tokens.</exception>
    public unsafe TextScore Score(IReadOnlyList<int> ids, string where = "The text", NativeBuffer? logits = null)
    {
        using var use = _use.Enter();
        model.RequireCausal();
        CheckIds(ids, model.Shape, where);
        var builder = new TokenBatchBuilder();
        int segment = builder.AddText([.. ids]);
        for (int i = 0; i < ids.Count; i++)
        {
            builder.Read(segment, i);
        }

        var batch = builder.Build();
        backend.Begin(batch, [Probe.Unperturbed]);
        var hidden = model.Forward(backend, batch);
        (int Output, int Id)[] targets = [.. ids.Skip(1).Select((id, i) => (i, id))];
        double[] logProbabilities = targets.Length == 0 ? [] : backend.LogProbabilities(hidden, model.Head, targets)[0];
        long vocabulary = model.Head.Rows;
        for (int row = 0; logits is not null && row < ids.Count; row += LogitRows)
        {
            int rows = Math.Min(LogitRows, ids.Count - row);
            var destination = new Span<float>((float*)logits.Data + (row * vocabulary), checked((int)(rows * vocabulary)));
            backend.Logits(hidden, model.Head, destination, row);
        }

        float[] last = new float[vocabulary];
        backend.Logits(hidden, model.Head, last, ids.Count - 1);
        model.Checkpoint.RequireUnchanged();
        double sum = TokenRanking.LogSum(last);
        return new TextScore(
            ids,
            [null, .. logProbabilities],
            ids.Count == 1 ? null : -logProbabilities.Average(),
            [.. TokenRanking.Top(last, TopCount).Select(id => new ScoredToken(id, last[id] - sum))]);
    }
}
