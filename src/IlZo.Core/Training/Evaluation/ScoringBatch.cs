using IlZo.Backends;
using IlZo.Tasks;

namespace IlZo.Training;

/// <summary>
/// Examples laid out for one forward pass that scores their candidates. What all examples begin with (a template, demonstrations) is
/// there once, what all candidates of an example begin with branches off it once, and the rest branches off that. The last token of a
/// candidate, which predicts nothing, is left out: one-token answers cost nothing beyond the prompt.
/// </summary>
internal sealed class ScoringBatch
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
    /// <param name="correctOnly">Whether only the correct candidates are scored, which is all that the language-model objective
    /// needs.</param>
    public static ScoringBatch Build(IReadOnlyList<EncodedExample> examples, bool correctOnly = false)
    {
        if (examples[0].Candidates[0].Reading is not null)
        {
            return BuildReadings(examples);
        }

        var builder = new TokenBatchBuilder();
        var targets = new List<(int Token, int Id)>();
        int[][] firstTargets = new int[examples.Count][];
        IReadOnlyList<EncodedCandidate>[] scored = [.. examples.Select(e => correctOnly ? [e.CorrectCandidate] : e.Candidates)];
        int[] prompts = [.. scored.Select(c => CommonPrefix(c))];
        int shared = examples.Count > 1 ? CommonPrefix([.. scored.Select(c => c[0])], prompts.Min()) : 0;
        int root = shared > 0 ? builder.AddText(scored[0][0].Tokens.AsSpan(0, shared)) : -1;
        for (int e = 0; e < examples.Count; e++)
        {
            firstTargets[e] = new int[examples[e].Candidates.Count];
            var prompt = scored[e][0].Tokens.AsSpan(shared, prompts[e] - shared);
            int segment = prompt.Length > 0 ? Add(builder, root, prompt) : root;
            for (int c = 0; c < scored[e].Count; c++)
            {
                firstTargets[e][correctOnly ? examples[e].Correct : c] = targets.Count;
                AddCandidate(builder, root, shared, segment, prompts[e], scored[e][c], targets);
            }
        }

        return Create(builder, targets, examples, firstTargets);
    }

    /// <summary>A candidate's part of the log-probabilities of <see cref="Targets"/>.</summary>
    public ReadOnlySpan<double> Option(double[] logProbabilities, int example, int candidate) =>
        logProbabilities.AsSpan(_firstTargets[example][candidate], Examples[example].Candidates[candidate].OptionLength);

    /// <summary>How many tokens all candidates of an example begin with, without the last one of any.</summary>
    internal static int CommonPrefix(IReadOnlyList<EncodedCandidate> candidates) =>
        CommonPrefix(candidates, candidates[0].Tokens.Length - 1);

    // Where candidates are outputs of a token of one text, the text is there once, and as a whole: nothing of it is shared with others,
    // since its beginning may depend on its end.
    private static ScoringBatch BuildReadings(IReadOnlyList<EncodedExample> examples)
    {
        var builder = new TokenBatchBuilder();
        var targets = new List<(int Token, int Id)>();
        int[][] firstTargets = new int[examples.Count][];
        for (int e = 0; e < examples.Count; e++)
        {
            var candidates = examples[e].Candidates;
            firstTargets[e] = [.. Enumerable.Range(targets.Count, candidates.Count)];
            int text = builder.AddText(candidates[0].Tokens, candidates[0].Types);
            foreach (var candidate in candidates)
            {
                var (token, output) = candidate.Reading!.Value;
                targets.Add((builder.Read(text, token), output));
            }
        }

        return Create(builder, targets, examples, firstTargets);
    }

    private static ScoringBatch Create(
        TokenBatchBuilder builder, List<(int Token, int Id)> targets, IReadOnlyList<EncodedExample> examples, int[][] firstTargets)
    {
        var batch = builder.Build();
        var output = batch.Outputs.Select((token, index) => (token, index)).ToDictionary(o => o.token, o => o.index);
        return new ScoringBatch(batch, [.. targets.Select(t => (output[t.Token], t.Id))], examples, firstTargets);
    }

    // The candidate's text lies in up to three segments: up to `shared`, up to `prompt`, and its own.
    private static void AddCandidate(
        TokenBatchBuilder builder, int root, int shared, int segment, int prompt, EncodedCandidate candidate,
        List<(int Token, int Id)> targets)
    {
        int[] tokens = candidate.Tokens;
        int own = tokens.Length - 1 - prompt;
        int branch = own > 0 ? Add(builder, segment, tokens.AsSpan(prompt, own)) : segment;
        for (int i = 0; i < candidate.OptionLength; i++)
        {
            int t = candidate.PlaceOf(i);
            int before = t - 1;
            int token = before < shared ? builder.Read(root, before)
                : before < prompt ? builder.Read(segment, before - shared)
                : builder.Read(branch, before - prompt);
            targets.Add((token, tokens[t]));
        }
    }

    // Candidates without a token in common, which truncated texts may have, are texts of their own.
    private static int Add(TokenBatchBuilder builder, int parent, ReadOnlySpan<int> tokens) =>
        parent < 0 ? builder.AddText(tokens) : builder.AddContinuation(parent, tokens);

    // How many tokens all candidates begin with, at most `limit`, without the last one of any.
    private static int CommonPrefix(IReadOnlyList<EncodedCandidate> candidates, int limit)
    {
        var first = candidates[0].Tokens.AsSpan();
        int common = limit;
        foreach (var candidate in candidates.Skip(1))
        {
            common = Math.Min(common, candidate.Tokens.Length - 1);
            common = first[..common].CommonPrefixLength(candidate.Tokens);
        }

        return common;
    }
}
