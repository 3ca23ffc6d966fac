using IlZo.Backends;
using IlZo.Tasks;

namespace IlZo.Training;

/// <summary>
/// Examples laid out for one forward pass that scores their candidates. What all candidates of an example begin with is there once,
/// the rest branches off it, and the last token of a candidate, which predicts nothing, is left out: one-token answers cost
/// nothing beyond the prompt.
/// </summary>
public sealed class ScoringBatch
{
    private readonly int[][] _firstTargets;

    private ScoringBatch(TokenBatch tokens, (int Output, int Id)[] targets, IReadOnlyList<EncodedExample> examples, int[][] firstTargets)
    {
        Tokens = tokens;
        Targets = targets;
        Examples = examples;
        _firstTargets = firstTargets;
    }

    public TokenBatch Tokens { get; }

    /// <summary>The option tokens of all candidates: the row of the batch's outputs that predicts each, and its id.</summary>
    public IReadOnlyList<(int Output, int Id)> Targets { get; }

    public IReadOnlyList<EncodedExample> Examples { get; }

    /// <summary>Lays out examples.</summary>
    /// <param name="examples">At least one.</param>
    /// <param name="correctOnly">Whether only the correct candidates are scored, which is all that the language-model objective needs.</param>
    public static ScoringBatch Build(IReadOnlyList<EncodedExample> examples, bool correctOnly = false)
    {
        var builder = new TokenBatchBuilder();
        var targets = new List<(int Token, int Id)>();
        int[][] firstTargets = new int[examples.Count][];
        for (int e = 0; e < examples.Count; e++)
        {
            var example = examples[e];
            firstTargets[e] = new int[example.Candidates.Count];
            IReadOnlyList<EncodedCandidate> scored = correctOnly ? [example.CorrectCandidate] : example.Candidates;
            int common = CommonPrefix(scored);
            int root = builder.AddText(scored[0].Tokens.AsSpan(0, common));
            for (int c = 0; c < scored.Count; c++)
            {
                firstTargets[e][correctOnly ? example.Correct : c] = targets.Count;
                AddCandidate(builder, root, common, scored[c], targets);
            }
        }

        var batch = builder.Build();
        var output = batch.Outputs.Select((token, index) => (token, index)).ToDictionary(o => o.token, o => o.index);
        return new ScoringBatch(batch, [.. targets.Select(t => (output[t.Token], t.Id))], examples, firstTargets);
    }

    /// <summary>A candidate's part of the log-probabilities of <see cref="Targets"/>.</summary>
    public ReadOnlySpan<double> Option(double[] logProbabilities, int example, int candidate) =>
        logProbabilities.AsSpan(_firstTargets[example][candidate], Examples[example].Candidates[candidate].OptionLength);

    private static void AddCandidate(
        TokenBatchBuilder builder, int root, int common, EncodedCandidate candidate, List<(int Token, int Id)> targets)
    {
        int[] tokens = candidate.Tokens;
        int own = tokens.Length - 1 - common;
        int branch = own > 0 ? builder.AddContinuation(root, tokens.AsSpan(common, own)) : root;
        for (int t = tokens.Length - candidate.OptionLength; t < tokens.Length; t++)
        {
            int before = t - 1;
            int token = before < common ? builder.Read(root, before) : builder.Read(branch, before - common);
            targets.Add((token, tokens[t]));
        }
    }

    // How many tokens all candidates begin with, without the last one of any.
    private static int CommonPrefix(IReadOnlyList<EncodedCandidate> candidates)
    {
        var first = candidates[0].Tokens.AsSpan();
        int common = first.Length - 1;
        foreach (var candidate in candidates.Skip(1))
        {
            common = Math.Min(common, candidate.Tokens.Length - 1);
            common = first[..common].CommonPrefixLength(candidate.Tokens);
        }

        return common;
    }
}
