using System.Numerics.Tensors;
using IlZo.Backends;
using IlZo.Models;
using IlZo.Perturbations;
using IlZo.Tokenization;

namespace IlZo.Generation;

/// <summary>
/// Answers prompts with the most probable tokens up to the end of the line, as princeton-nlp/MeZO does to evaluate generation tasks
/// (<c>large_models/run.py</c>). One prompt is answered after another; what a prompt begins with like the one before it is not computed
/// again.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="backend">The device.</param>
/// <param name="maxNewTokens">Tokens of an answer at most; fewer where the model's positions end.</param>
/// <remarks>
/// Not thread-safe: a call during another, from a second thread or out of a callback, throws <see cref="InvalidOperationException"/>.
/// Threads that work at the same time have a generator and a backend each, over one model.
/// </remarks>
internal sealed class AnswerGenerator(LanguageModel model, ITokenizer tokenizer, IBackend backend, int maxNewTokens)
{
    private readonly UseGuard _use = new(nameof(AnswerGenerator));

    // A single token at the weights as they are takes a way of its own through the backend, which rounds differently. With two new tokens
    // at least, an answer does not depend on what the prompt has in common with another.
    private const int LeastNew = 2;

    /// <summary>Tokens that went through the model so far.</summary>
    public long Tokens { get; private set; }

    /// <summary>The answer to each prompt, without white space at its ends; null where the model's logits are not finite.</summary>
    /// <param name="prompts">Tokens of each prompt, at least one and fewer than the model has positions.</param>
    /// <param name="probe">The weights: a single point.</param>
    /// <param name="cancellation">Ends the work between two answers.</param>
    public IReadOnlyList<string?> Generate(IReadOnlyList<int[]> prompts, Probe probe, CancellationToken cancellation = default)
    {
        using var use = _use.Enter();
        int longest = prompts.Max(p => p.Length);
        using var cache = backend.CreateCache(model.Shape.Layers, model.Shape.KeyFeatures, Room(longest));
        string?[] answers = new string?[prompts.Count];
        for (int i = 0; i < answers.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            int common = i == 0 ? 0 : prompts[i].AsSpan().CommonPrefixLength(prompts[i - 1]);
            answers[i] = Answer(prompts[i], Math.Max(0, Math.Min(common, prompts[i].Length - LeastNew)), probe, cache);
        }

        return answers;
    }

    private string? Answer(int[] prompt, int known, Probe probe, KeyValueCache cache)
    {
        var ids = new List<int>(prompt);
        int room = Room(prompt.Length);
        while (ids.Count < room)
        {
            float[] logits = NextToken.Logits(model, tokenizer, backend, probe, ids, known, cache);
            Tokens += ids.Count - known;
            known = ids.Count;
            if (!float.IsFinite(TensorPrimitives.Max(logits)))
            {
                return null;
            }

            int next = TokenRanking.Best(logits);
            if (NextToken.Ends(model, tokenizer, next))
            {
                break;
            }

            ids.Add(next);
            if (EndsLine(next))
            {
                break;
            }
        }

        string all = tokenizer.Decode([.. ids]);
        int start = tokenizer.Decode(prompt).Length;
        return all.Length > start ? all[start..].Trim() : string.Empty;
    }

    private int Room(int promptLength) => (int)Math.Min((long)promptLength + maxNewTokens, model.Shape.LongestText);

    // The token of one newline, or one that ends in it where the tokenizer joins it to punctuation; a blank line does not end an answer.
    private bool EndsLine(int id)
    {
        string text = tokenizer.Decode([id]);
        return text.EndsWith('\n') && !text.EndsWith("\n\n", StringComparison.Ordinal);
    }
}
